// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"

// Pid files. What others read too, <bundle>/init.pid above all, holds the pid alone: decimal, no
// newline, as OCI engines and containerd's shims write it (FILE-06). What only we read may hold the
// start time of the process behind it.
namespace container {

// Creates or replaces `path` atomically, with the pid alone: for others.
absl::Status WritePidFile(const std::string& path, pid_t pid);

// The same for ourselves: "PID TICKS", the start time in clock ticks since boot, which no step of
// the wall clock changes. Without it if there is no such process any more.
absl::Status RecordProcess(const std::string& path, pid_t pid);

// Of a file of either kind. NOT_FOUND without the file, INVALID_ARGUMENT if it holds no positive
// number, or anything but a start time behind it.
absl::StatusOr<pid_t> ReadPidFile(const std::string& path);

// A handle on the process recorded in `path`, perhaps long ago. NOT_FOUND when it is gone, also
// when its pid was given to another process since: one that has another start time or, where none
// is recorded, started after the file was written, if nobody has stepped the wall clock meanwhile.
absl::StatusOr<base::UniqueFd> OpenRecordedProcess(const std::string& path);

}  // namespace container
