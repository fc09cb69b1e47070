// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace fakes {

// The program shimgauge-hypervisor, from its arguments (without argv[0]) to its exit code: 0 after
// vmm.shutdown, SIGTERM, SIGINT or a guest that has turned itself off; 1 with a message on stderr.
int RunHypervisor(const std::vector<std::string>& args);

}  // namespace fakes
