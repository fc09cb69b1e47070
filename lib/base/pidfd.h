// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include "base/unique_fd.h"

namespace base {

// A stable handle on process `pid` (which need not be a child). NOT_FOUND if there is none,
// INVALID_ARGUMENT if `pid` is not positive or names a thread.
absl::StatusOr<UniqueFd> OpenPidfd(pid_t pid);

// Sends `signo` through the handle; NOT_FOUND once the process has exited and was reaped (a zombie
// still takes signals, without effect). Signal 0 only asks.
absl::Status SendSignal(const UniqueFd& pidfd, int signo);

// True once the process has exited (zombie or gone). Never blocks.
bool HasExited(const UniqueFd& pidfd);

}  // namespace base
