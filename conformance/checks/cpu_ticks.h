// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "conformance/harness/check_context.h"

namespace conformance {

// CPU time of a process, all its threads, in ticks of sysconf(_SC_CLK_TCK), which are 10 ms.
std::uint64_t CpuTicks(CheckContext& check, pid_t pid);

}  // namespace conformance
