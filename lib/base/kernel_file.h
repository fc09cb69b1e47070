// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

namespace base {

// Whole contents of a file of /proc or /sys/fs/cgroup, whose size is not known beforehand; as well
// of any other file that is not larger. A directory is an error like any other.
// NOT_FOUND when it is not there, also when its process or cgroup went while it was read;
// RESOURCE_EXHAUSTED beyond kKernelFileBytesMax.
absl::StatusOr<std::string> ReadKernelFile(const std::string& path);

// Writes `text` to an existing file in one write(2): the kernel takes it whole or refuses it.
absl::Status WriteKernelFile(const std::string& path, absl::string_view text);

}  // namespace base
