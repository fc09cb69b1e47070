// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/unique_fd.h"

namespace base {

// A stable handle on process `pid` (which need not be a child). NOT_FOUND if there is none.
absl::StatusOr<UniqueFd> OpenPidfd(pid_t pid);

// Sends `signo` through the handle; NOT_FOUND once the process has exited and was reaped.
absl::Status SendSignal(const UniqueFd& pidfd, int signo);

// True once the process has exited (zombie or gone). Never blocks.
bool HasExited(const UniqueFd& pidfd);

}  // namespace base
