// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "reference-shim/backends/vm/vm_config.h"

namespace backends {

// What a QEMU finds as its descriptors: connected sockets.
inline constexpr int kQemuMonitorFd = 3;
inline constexpr int kQemuAgentFd = 4;
inline constexpr int kQemuVirtiofsFd = 5;

// The command line that makes the VM of `config`, program included: a PC with nothing in it but a
// monitor, the agent's port, the shared directory and a console whose text comes out as QEMU's
// stderr. It waits for `cont`, and ends when the guest turns it off, reboots or panics. ${shared}
// in `arguments` becomes `shared`.
std::vector<std::string> QemuCommand(const VmConfig& config, const std::string& shared);

}  // namespace backends
