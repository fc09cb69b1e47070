// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "conformance/harness/history.h"

namespace conformance {

// What everybody is doing when a shim owes an answer, a line each, in this order:
//   pending  the calls without a reply, and for how long
//   thread   of the daemon: state, wait channel, kernel stack
//   pipe     each pipe and FIFO of the daemon: who holds the other end
//   process  every other process of the check: state, wait channel of its main thread
// `daemon` may be gone or unknown (0): then only calls and processes are told.
std::vector<std::string> HangReport(const History& history, pid_t daemon);

inline constexpr std::size_t kHangLinesMax = 60;

}  // namespace conformance
