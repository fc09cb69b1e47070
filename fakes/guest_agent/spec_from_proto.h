// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/agent.pb.h"
#include "oci/spec.h"

namespace fakes {

// The values of oci/spec.h from the protocol's. A number that is zero there is "absent".
oci::Spec SpecFromProto(const grpc::Spec& spec);
oci::Process ProcessFromProto(const grpc::Process& process);
oci::Resources ResourcesFromProto(const grpc::LinuxResources& resources);

}  // namespace fakes
