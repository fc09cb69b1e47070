// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>

// How a guest, which can catch no signal and set no timer, is ended from outside.
namespace stage {

// SIGTERM, SIGINT, SIGHUP and SIGQUIT end the process with 128 + their number, from now on: by
// default a first process of a pid namespace ignores them. So does SIGPIPE from others; that of an
// own write does nothing, so that it is an error of the write. None is ignored.
absl::Status EndOnSignals();

// Ends the process with kTrapExitCode once `ms` milliseconds have passed, having said so on
// descriptor 2 and to `report_fd` (kEnded); 0: never. Call at most once.
absl::Status EndAfter(std::uint64_t ms, int report_fd);

}  // namespace stage
