// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "conformance/harness/check_context.h"

namespace conformance {

// Watches a process that has nothing to do for 190 ms, or, where others leave it so little of the
// CPUs that this does not show what it is about, for up to 2 s. Returns for what part of the time
// its threads together were on a CPU or, if that is more, the busiest of them was or waited for
// one: 1 for a thread that spins, however busy the machine.
double BusyShare(CheckContext& check, pid_t pid);

}  // namespace conformance
