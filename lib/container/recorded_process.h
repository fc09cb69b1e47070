// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"

// Pid files: decimal, no newline, as OCI engines and containerd's shims write them (FILE-06).
namespace container {

// Creates or replaces `path` atomically.
absl::Status WritePidFile(const std::string& path, pid_t pid);

// NOT_FOUND without the file, INVALID_ARGUMENT if it holds no positive number.
absl::StatusOr<pid_t> ReadPidFile(const std::string& path);

// A handle on the process recorded in `path`, perhaps long ago. NOT_FOUND when it is gone, also
// when its pid was given to another process since: one that started after the file was written.
absl::StatusOr<base::UniqueFd> OpenRecordedProcess(const std::string& path);

}  // namespace container
