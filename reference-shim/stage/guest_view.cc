// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/guest_view.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status_macros.h"
#include "container/mount_options.h"
#include "container/mount_table.h"
#include "container/root_path.h"

namespace stage {
namespace {

// What people mount to keep data in. The other file systems are the kernel's.
bool HoldsData(const oci::Mount& mount) {
  return mount.type == "bind" || mount.type == "tmpfs" || mount.type == "overlay" ||
         std::any_of(mount.options.begin(), mount.options.end(),
                     [](const std::string& word) { return word == "bind" || word == "rbind"; });
}

absl::StatusOr<bool> IsWritable(const oci::Mount& mount) {
  ASSIGN_OR_RETURN(const container::MountOptions options,
                   container::ParseMountOptions(mount.options));
  return (options.flags & MS_RDONLY) == 0;
}

}  // namespace

absl::StatusOr<std::vector<GuestDirectory>> OpenGuestDirectories(const base::UniqueFd& root,
                                                                 const oci::Spec& spec) {
  std::vector<GuestDirectory> directories;
  ASSIGN_OR_RETURN(base::UniqueFd top, container::OpenBelow(root, "."));
  directories.push_back({.fd = std::move(top), .guest_path = "/", .writable = !spec.root.readonly});
  if (!spec.root.readonly) return directories;
  for (const oci::Mount& mount : spec.mounts) {
    if (!HoldsData(mount)) continue;
    ASSIGN_OR_RETURN(const bool writable, IsWritable(mount));
    if (!writable) continue;
    ASSIGN_OR_RETURN(base::UniqueFd fd, container::OpenBelow(root, mount.destination));
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) {
      return base::ErrnoStatus(errno, absl::StrCat("stat ", mount.destination));
    }
    if (!S_ISDIR(info.st_mode)) continue;
    directories.push_back({.fd = std::move(fd), .guest_path = mount.destination, .writable = true});
  }
  return directories;
}

absl::StatusOr<std::vector<std::string>> FindProcessFileSystems(const base::UniqueFd& root) {
  std::error_code error;
  const std::string path = std::filesystem::read_symlink(container::ProcPath(root), error).string();
  if (error) return base::ErrnoStatus(error.value(), "path of the rootfs");
  ASSIGN_OR_RETURN(const std::vector<container::MountEntry> table, container::ReadMountTable());
  std::vector<std::string> found;
  for (const container::MountEntry& entry : table) {
    if (entry.type != "proc" || !absl::StartsWith(entry.mount_point, path)) continue;
    const std::string inside = entry.mount_point.substr(path == "/" ? 0 : path.size());
    if (inside.empty() || inside[0] == '/') found.push_back(inside.empty() ? "/" : inside);
  }
  return found;
}

}  // namespace stage
