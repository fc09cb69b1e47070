// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "conformance/harness/processes.h"

namespace conformance {

// One process as /proc shows it now; nullopt when there is none.
std::optional<ProcessInfo> ReadProcess(pid_t pid);

// Every process of this pid namespace but the caller, by pid. One that ends meanwhile is left out.
std::vector<ProcessInfo> ListProcesses();

}  // namespace conformance
