// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "reference-shim/backends/vm/pod_network.h"
#include "reference-shim/backends/vm/vm_config.h"
#include "reference-shim/backends/vm/vm_files.h"

namespace backends {

// What a QEMU finds as its descriptors: connected sockets.
inline constexpr int kQemuMonitorFd = 3;
inline constexpr int kQemuAgentFd = 4;
inline constexpr int kQemuVirtiofsFd = 5;

// The command line that makes the VM of `config`, program included: a PC with nothing in it but a
// monitor, the agent's two ports, the shared directory, the NICs of `network` and a console whose
// text comes out as QEMU's stderr. The agent's second port is behind AgentSocket(files), for
// `delete`. It waits for `cont`, and ends when the guest turns it off, reboots or panics. ${shared}
// in `arguments` becomes files.shared.
std::vector<std::string> QemuCommand(const VmConfig& config, const VmFiles& files,
                                     const PodNetwork& network);

}  // namespace backends
