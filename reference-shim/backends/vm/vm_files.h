// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "reference-shim/backends/vm/guest_spec.h"
#include "reference-shim/backends/vm/pod_network.h"

// What a VM has on the host's disk, and hence what `delete` finds when shim and VM are dead:
//   /run/shimgauge-vm/<hash>/   0700, as is the directory of all VMs: api.sock, vsock.sock,
//                               shim-monitor.sock, agent.port, shim.pid, vmm.pid, network.json;
//                               and in
//     shared/<container>/       what the guest sees
//   <bundle>/vm.sandbox         the sandbox the bundle's container is in; gone when its poststop
//                               hooks are about to run
// and, in the network namespace of the pod, the taps that network.json names (pod_network.h).
// All functions that mount or unmount, and those of the network, may block.
namespace backends {

struct VmFiles {
  // Of a pod; names that are no identifiers are replaced by a hash.
  VmFiles(const std::string& namespace_name, const std::string& sandbox);

  std::string sandbox;
  std::string directory;  // the VM's own
  std::string shared;     // seen by the guest
};

// Makes the directories, and `shared` a mount whose later mounts reach whoever looks at it in a
// mount namespace of its own. Replaces what a dead shim left. FAILED_PRECONDITION: the directory of
// all VMs is somebody else's.
absl::Status MakeVmFiles(const VmFiles& files);
// Unmounts and removes all of it, the taps too; OK when it is gone.
absl::Status RemoveVmFiles(const VmFiles& files);

// Wires the pod's network in the namespace at `path` to taps, and records that before.
absl::Status MakeVmNetwork(const VmFiles& files, const std::string& path);
// What was made; nothing, if there is no record.
absl::StatusOr<PodNetwork> LoadVmNetwork(const VmFiles& files);

// Where the management endpoint listens (management.h).
std::string ManagementSocket(const VmFiles& files);
// Where the agent is reached from here, and at which port of the guest.
std::string AgentSocket(const VmFiles& files);
absl::Status WriteAgentPort(const VmFiles& files, std::uint32_t port);
// What was written, else the usual one.
std::uint32_t ReadAgentPort(const VmFiles& files);

// Shows `shares` of a container to the guest; a failure leaves none.
absl::Status ShareWithGuest(const VmFiles& files, const std::string& container,
                            const std::vector<Share>& shares);
// The reverse; OK when nothing is shared.
absl::Status UnshareWithGuest(const VmFiles& files, const std::string& container);

absl::Status SaveVmRecord(const std::string& bundle, const std::string& sandbox);
// NOT_FOUND: there is no container of this backend in the bundle.
absl::StatusOr<std::string> LoadVmRecord(const std::string& bundle);
bool HasVmRecord(const std::string& bundle);
// With the shim's own init.pid: it names the hypervisor, which other containers are in, and without
// the record `delete` would end it.
void RemoveVmRecord(const std::string& bundle);

}  // namespace backends
