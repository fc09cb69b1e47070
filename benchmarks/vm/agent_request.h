// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/agent.pb.h"
#include "oci/spec.h"

namespace benchmarks::vm {

// CreateSandbox as shims send it: the shared directory and the pod's shared memory.
grpc::CreateSandboxRequest SandboxRequest(const std::string& id);

// CreateContainer for what `spec` has of a container of these benchmarks, as a guest is to see it:
// its root is what is shared as "<id>/rootfs".
grpc::CreateContainerRequest ContainerRequest(const std::string& id, const oci::Spec& spec);

}  // namespace benchmarks::vm
