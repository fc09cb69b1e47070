// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "conformance/harness/check_context_scope.h"
#include "conformance/harness/shim_under_test_daemons.h"

namespace conformance {

// What a daemon that owes an answer says of itself: sends it the profile's dump_signal, of which
// its author says that it makes the daemon write its threads or goroutines to its log, and gives
// what the log then holds as lines "stack    ...", the first kStackLinesMax. The signal may end the
// daemon, which is no crash of the check. Empty without such a signal, or a daemon.
std::vector<std::string> StackDump(CheckScope& scope, DaemonTable& daemons, pid_t daemon);

inline constexpr std::size_t kStackLinesMax = 120;

}  // namespace conformance
