// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>
#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

namespace conformance {

// What a run of the judge could leave on the machine beside processes: mounts, sockets, files of
// containerd's directory and cgroups. Taken before and after; others may use the machine, so only
// what bears a mark of ours counts.
class HostTraces {
 public:
  static HostTraces Take();

  // What is there now and was not in `before`, and is below `directory` or containerd's, or a
  // cgroup of judge `pid`.
  [[nodiscard]] std::vector<std::string> Since(const HostTraces& before,
                                               const std::string& directory, pid_t pid) const;

 private:
  std::set<std::string> mounts_;   // mount points
  std::set<std::string> sockets_;  // paths
  std::set<std::string> files_;    // in containerd's directory of sockets
  std::set<std::string> cgroups_;  // of runs of the judge
};

}  // namespace conformance
