// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "fakes/fault/fault_request.h"
#include "fakes/wire/rule_book.h"
#include "fakes/wire/shim_command.h"

namespace fakes {

// `start` of the shim behind: runs it, and unless a relay stands before its daemon already, starts
// one (program's own image with kRelayWord) that takes the place of its socket. Prints what it
// printed, as rules will have it. Returns the exit code.
absl::StatusOr<int> StartCommand(const FaultRequest& request, RuleBook& book,
                                 const ShimCommand& command, const std::vector<std::string>& args);

// The first word of the relay's command line; it follows the socket's path, the daemon's pid, the
// namespace, and for each event service our path and theirs.
inline constexpr char kRelayWord[] = "--relay";
// Its descriptors: the daemon's pidfd, and a pipe that gets one word when it stands, or why not.
inline constexpr int kRelayPidfd = 3;
inline constexpr int kRelayReport = 4;
// What it does until the daemon has ended.
int RelayCommand(RuleBook book, const std::vector<std::string>& args);

}  // namespace fakes
