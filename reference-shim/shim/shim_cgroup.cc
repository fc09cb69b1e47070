// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/shim_cgroup.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <set>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "container/cgroup.h"

namespace shim {
namespace {

// Where `path` would be in each hierarchy, found by way of a membership that names it everywhere.
absl::StatusOr<std::set<std::string>> DirectoriesOf(const std::string& path) {
  ASSIGN_OR_RETURN(const container::CgroupMounts mounts, container::CgroupMounts::Read());
  ASSIGN_OR_RETURN(const std::string own, base::ReadKernelFile("/proc/self/cgroup"));
  std::string membership;
  for (const absl::string_view line : absl::StrSplit(own, '\n', absl::SkipEmpty())) {
    // 4:memory:/user.slice
    const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    absl::StrAppend(&membership, fields[0], ":", fields[1],
                    absl::StartsWith(path, "/") ? ":" : ":/", path, "\n");
  }
  const container::Cgroup cgroup = mounts.ParseMembership(membership);
  std::set<std::string> directories;
  for (const auto& [controller, directory] : cgroup.controllers) directories.insert(directory);
  if (!cgroup.unified.empty()) directories.insert(cgroup.unified);
  return directories;
}

}  // namespace

absl::Status JoinCgroup(const std::string& path, pid_t pid) {
  const std::vector<absl::string_view> parts = absl::StrSplit(path, '/');
  for (const absl::string_view part : parts) {
    if (part == "..") return absl::InvalidArgumentError(absl::StrCat("shim_cgroup ", path));
  }
  ASSIGN_OR_RETURN(const std::set<std::string> directories, DirectoriesOf(path));
  bool joined = false;
  for (const std::string& directory : directories) {
    const absl::Status status =
        base::WriteKernelFile(absl::StrCat(directory, "/cgroup.procs"), absl::StrCat(pid));
    if (absl::IsNotFound(status)) continue;
    RETURN_IF_ERROR(base::Annotate(status, absl::StrCat("shim_cgroup ", path)));
    joined = true;
  }
  if (joined) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("shim_cgroup ", path, ": no such cgroup"));
}

}  // namespace shim
