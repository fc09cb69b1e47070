// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

namespace conformance {

// One line of mountinfo(5), paths unescaped.
struct MountEntry {
  int id = 0;
  std::string mount_point;
  std::string fs_type;  // "tmpfs", "cgroup2", ...
  std::string source;
  std::string super_options;  // "rw,cpu,cpuacct"
};

// Lines that are none are left out.
std::vector<MountEntry> ParseMountTable(absl::string_view mountinfo);

// /proc/self/mountinfo of this process.
absl::StatusOr<std::vector<MountEntry>> ReadMountTable();

}  // namespace conformance
