// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

namespace container {

// One line of /proc/PID/mountinfo, escapes undone.
struct MountEntry {
  std::string root;           // what of the file system is mounted, "/" for all of it
  std::string mount_point;    // absolute, as seen from the process's root
  std::string type;           // "overlay", "cgroup2"
  std::string source;         // as given to mount(2); may be "none"
  std::string super_options;  // options of the file system; names the controllers of a v1 cgroup
  friend bool operator==(const MountEntry&, const MountEntry&) = default;
};

// In the kernel's order: a mount comes after what it is mounted on. Lines that are none are left
// out.
std::vector<MountEntry> ParseMountInfo(absl::string_view mountinfo);

// The mounts of this process. `proc` is for tests.
absl::StatusOr<std::vector<MountEntry>> ReadMountTable(const std::string& proc = "/proc");

}  // namespace container
