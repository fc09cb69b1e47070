// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include "oci/spec.h"
#include "reference-shim/backends/vm/guest_disk.h"

namespace grpc {
class LinuxResources;
class Process;
class Spec;
class Storage;
}  // namespace grpc

// From the OCI values of lib/oci to the agent's messages, field by field.
namespace backends {

// Hooks but startContainer's are the host's and not among them. UNIMPLEMENTED names what the
// agent's messages have no room for.
absl::Status ToAgentSpec(const oci::Spec& from, grpc::Spec& to);
void ToAgentProcess(const oci::Process& from, grpc::Process& to);
void ToAgentStorage(const GuestStorage& from, grpc::Storage& to);
void ToAgentResources(const oci::Resources& from, grpc::LinuxResources& to);

}  // namespace backends
