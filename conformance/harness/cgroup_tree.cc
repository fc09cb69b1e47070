// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/cgroup_tree.h"

#include <absl/strings/str_cat.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "conformance/harness/mount_table.h"

namespace conformance {
namespace {

bool IsDirectory(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::vector<std::string> Subdirectories(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
  if (directory == nullptr) return names;
  while (const dirent* entry = ::readdir(directory.get())) {
    const absl::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    std::string child = absl::StrCat(path, "/", name);
    if (IsDirectory(child)) names.push_back(std::move(child));
  }
  std::sort(names.begin(), names.end());
  return names;
}

void CollectBelow(const std::string& path, std::vector<std::string>& out) {
  for (const std::string& child : Subdirectories(path)) {
    CollectBelow(child, out);
    out.push_back(child);
  }
}

void WriteFile(const std::string& path, absl::string_view text) {
  const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  // A missing file belongs to another kind of hierarchy; a failed write shows in what remains.
  if (fd.ok() && ::write(fd.get(), text.data(), text.size()) < 0) return;
}

}  // namespace

absl::StatusOr<CgroupTree> CgroupTree::Open(std::string parent) {
  // Without a parent every cgroup of the host would seem to be below.
  if (parent.empty()) return CgroupTree({}, "");
  ASSIGN_OR_RETURN(const std::vector<MountEntry> mounts, ReadMountTable());
  std::vector<std::string> hierarchies;
  for (const MountEntry& mount : mounts) {
    if (mount.fs_type == "cgroup" || mount.fs_type == "cgroup2") {
      hierarchies.push_back(mount.mount_point);
    }
  }
  return CgroupTree(std::move(hierarchies), std::move(parent));
}

CgroupTree::CgroupTree(std::vector<std::string> hierarchies, std::string parent)
    : hierarchies_(std::move(hierarchies)), parent_(std::move(parent)) {}

std::vector<std::string> CgroupTree::Below() const {
  std::vector<std::string> below;
  for (const std::string& hierarchy : hierarchies_) {
    CollectBelow(absl::StrCat(hierarchy, parent_), below);
  }
  return below;
}

void CgroupTree::Thaw() const {
  for (const std::string& path : Below()) {
    WriteFile(absl::StrCat(path, "/freezer.state"), "THAWED");
    WriteFile(absl::StrCat(path, "/cgroup.freeze"), "0");
  }
}

std::vector<std::string> CgroupTree::Remove() const {
  std::vector<std::string> left;
  for (const std::string& hierarchy : hierarchies_) {
    const std::string top = absl::StrCat(hierarchy, parent_);
    if (!IsDirectory(top)) continue;
    std::vector<std::string> paths;
    CollectBelow(top, paths);
    paths.push_back(top);
    for (const std::string& path : paths) {
      if (::rmdir(path.c_str()) == 0 || errno == ENOENT) continue;
      left.push_back(absl::StrCat(path, ": ", std::strerror(errno)));
    }
  }
  return left;
}

absl::string_view CgroupMode() {
  const absl::StatusOr<std::vector<MountEntry>> mounts = ReadMountTable();
  if (!mounts.ok()) return "none";
  const auto has = [&mounts](absl::string_view type) {
    return std::any_of(mounts->begin(), mounts->end(),
                       [type](const MountEntry& mount) { return mount.fs_type == type; });
  };
  if (has("cgroup")) return has("cgroup2") ? "hybrid" : "v1";
  return has("cgroup2") ? "v2" : "none";
}

}  // namespace conformance
