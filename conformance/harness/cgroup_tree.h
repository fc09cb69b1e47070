// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

namespace conformance {

// The cgroup directories of one world (or one run) in every mounted hierarchy, v1, hybrid and v2.
// `parent` is a cgroupsPath prefix: "/shimgauge-1f3a/7"; empty for worlds without cgroups, which
// own no directory anywhere.
class CgroupTree {
 public:
  // Hierarchies as mounted in this process' mount namespace; none is no error.
  static absl::StatusOr<CgroupTree> Open(std::string parent);
  // With these mount points, for tests.
  CgroupTree(std::vector<std::string> hierarchies, std::string parent);

  [[nodiscard]] const std::vector<std::string>& hierarchies() const { return hierarchies_; }
  // Directories below the parent (the parent itself not included), deepest first, as absolute
  // paths.
  [[nodiscard]] std::vector<std::string> Below() const;
  // Wakes frozen processes: on cgroup v1 a frozen one does not even take SIGKILL.
  void Thaw() const;
  // Removes the parent and all below it. Returns what could not be removed: "<path>: <reason>".
  // NOLINTNEXTLINE(modernize-use-nodiscard): the caller may have nobody to tell
  std::vector<std::string> Remove() const;

 private:
  std::vector<std::string> hierarchies_;
  std::string parent_;
};

// "v2", "v1", "hybrid" (v1 controllers, v2 mounted beside) or "none".
absl::string_view CgroupMode();

}  // namespace conformance
