// SPDX-License-Identifier: Apache-2.0
#include "container/mounts.h"

#include <absl/status/statusor.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/limits.h"
#include "container/mount_options.h"
#include "container/mount_table.h"
#include "container/overlay_options.h"

namespace container {
namespace {

// Of a bind mount these belong to the mount, not to the file system, and take effect on a remount.
constexpr unsigned long kPerMountFlags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME |
                                         MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;
constexpr std::size_t kDescribedOptionBytesMax = 200;

std::string ProcPath(const base::UniqueFd& fd) { return absl::StrCat("/proc/self/fd/", fd.get()); }

absl::StatusOr<std::string> PathOf(const base::UniqueFd& fd) {
  char path[PATH_MAX];
  const ssize_t length = ::readlink(ProcPath(fd).c_str(), path, sizeof(path));
  if (length < 0) return base::ErrnoStatus(errno, "readlink of the target");
  return std::string(path, static_cast<std::size_t>(length));
}

absl::StatusOr<base::UniqueFd> OpenTarget(const base::UniqueFd& root, const std::string& target) {
  struct open_how how {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const std::string& path = target.empty() ? "." : target;
  base::UniqueFd fd(
      static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof(how))));
  if (!fd.ok()) return base::ErrnoStatus(errno, "open the target");
  return fd;
}

// Goes to a directory and back again.
class WorkingDirectory {
 public:
  static absl::StatusOr<WorkingDirectory> Change(const std::string& directory) {
    base::UniqueFd before(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!before.ok()) return base::ErrnoStatus(errno, "open the working directory");
    if (::chdir(directory.c_str()) != 0) {
      return base::ErrnoStatus(errno, absl::StrCat("chdir ", directory));
    }
    return WorkingDirectory(std::move(before));
  }
  WorkingDirectory(WorkingDirectory&&) = default;
  ~WorkingDirectory() {
    if (before_.ok()) (void)!::fchdir(before_.get());
  }

 private:
  explicit WorkingDirectory(base::UniqueFd before) : before_(std::move(before)) {}
  base::UniqueFd before_;
};

absl::Status MountNew(const Mount& mount, const MountOptions& options, const std::string& target) {
  OverlayData overlay{.directory = "", .data = absl::StrJoin(options.data, ",")};
  if (overlay.data.size() > kMountDataBytesMax && mount.type == "overlay") {
    overlay = ShortenLowerDirs(options.data);
  }
  if (overlay.data.size() > kMountDataBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("options of ", overlay.data.size(), " bytes, at most ", kMountDataBytesMax));
  }
  std::optional<WorkingDirectory> elsewhere;
  if (!overlay.directory.empty()) {
    ASSIGN_OR_RETURN(WorkingDirectory changed, WorkingDirectory::Change(overlay.directory));
    elsewhere.emplace(std::move(changed));
  }
  const void* data = overlay.data.empty() ? nullptr : overlay.data.c_str();
  if (::mount(mount.source.c_str(), target.c_str(), mount.type.c_str(), options.flags, data) != 0) {
    return base::ErrnoStatus(errno, "mount");
  }
  return absl::OkStatus();
}

// What is read-only or without devices in the source stays so: a user namespace may not lift it.
absl::Status RestrictBind(const std::string& mounted, unsigned long flags) {
  struct statvfs inherited {};
  if (::statvfs(mounted.c_str(), &inherited) != 0) return base::ErrnoStatus(errno, "statvfs");
  // These four are the same numbers in both worlds.
  flags |= inherited.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC);
  flags = (flags & kPerMountFlags) | MS_REMOUNT | MS_BIND;
  if (::mount(nullptr, mounted.c_str(), nullptr, flags, nullptr) != 0) {
    return base::ErrnoStatus(errno, "remount of the bind mount");
  }
  return absl::OkStatus();
}

absl::Status FinishMount(const MountOptions& options, const std::string& mounted) {
  const bool bind = (options.flags & MS_BIND) != 0 && (options.flags & MS_REMOUNT) == 0;
  if (bind && (options.flags & kPerMountFlags) != 0) {
    RETURN_IF_ERROR(RestrictBind(mounted, options.flags));
  }
  if (options.propagation != 0 &&
      ::mount(nullptr, mounted.c_str(), nullptr, options.propagation, nullptr) != 0) {
    return base::ErrnoStatus(errno, "change of propagation");
  }
  return absl::OkStatus();
}

// Adds the path of what it mounted to `mounted`, also when it fails after that.
absl::Status MountOne(const Mount& mount, const base::UniqueFd& root,
                      std::vector<std::string>& mounted) {
  ASSIGN_OR_RETURN(MountOptions options, ParseMountOptions(mount.options));
  if (mount.type == "bind") options.flags |= MS_BIND;
  ASSIGN_OR_RETURN(const base::UniqueFd target, OpenTarget(root, mount.target));
  ASSIGN_OR_RETURN(const std::string path, PathOf(target));
  RETURN_IF_ERROR(MountNew(mount, options, ProcPath(target)));
  if ((options.flags & MS_REMOUNT) == 0) mounted.push_back(path);
  // `target` still names the directory beneath, so what follows needs the path.
  return FinishMount(options, path);
}

std::string Describe(const Mount& mount, std::size_t index) {
  std::string options = absl::StrJoin(mount.options, ",");
  if (options.size() > kDescribedOptionBytesMax) {
    options.replace(kDescribedOptionBytesMax, std::string::npos, "...");
  }
  return absl::StrFormat("mount %d (type \"%s\", source \"%s\", target \"%s\", options \"%s\")",
                         index, mount.type, mount.source, mount.target, options);
}

// The directory's canonical path, which need not be usable itself: its mount may hang or be broken.
absl::StatusOr<std::string> CanonicalPath(const std::string& directory) {
  std::filesystem::path path(directory);
  if (!path.has_filename()) path = path.parent_path();
  std::error_code error;
  const auto parent =
      std::filesystem::canonical(path.has_parent_path() ? path.parent_path() : ".", error);
  if (error) return base::ErrnoStatus(error.value(), absl::StrCat("realpath ", directory));
  return (parent / path.filename()).string();
}

bool IsOnOrBelow(absl::string_view path, absl::string_view directory) {
  if (!absl::StartsWith(path, directory)) return false;
  return path.size() == directory.size() || directory == "/" || path[directory.size()] == '/';
}

absl::Status Unmount(const std::string& path) {
  if (::umount2(path.c_str(), UMOUNT_NOFOLLOW) == 0) return absl::OkStatus();
  if (errno == EBUSY && ::umount2(path.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0) {
    return absl::OkStatus();
  }
  // Gone meanwhile, for instance with its peer in another namespace.
  if (errno == EINVAL || errno == ENOENT) return absl::OkStatus();
  return base::ErrnoStatus(errno, absl::StrCat("unmount ", path));
}

}  // namespace

absl::Status MountAll(const std::vector<Mount>& mounts, const std::string& root) {
  if (mounts.empty()) return absl::OkStatus();
  std::vector<std::string> mounted;
  for (std::size_t index = 0; index < mounts.size(); ++index) {
    // Opened anew each time: the mount before may have covered it.
    const base::UniqueFd root_fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    absl::Status status = root_fd.ok() ? MountOne(mounts[index], root_fd, mounted)
                                       : base::ErrnoStatus(errno, absl::StrCat("open ", root));
    if (status.ok()) continue;
    status = base::Annotate(status, Describe(mounts[index], index));
    while (!mounted.empty()) {
      (void)Unmount(mounted.back());
      mounted.pop_back();
    }
    return status;
  }
  return absl::OkStatus();
}

absl::Status UnmountAll(const std::string& directory) {
  const absl::StatusOr<std::string> canonical = CanonicalPath(directory);
  if (absl::IsNotFound(canonical.status())) return absl::OkStatus();
  RETURN_IF_ERROR(canonical.status());
  absl::Status first_failure;
  for (int pass = 0; pass < kUnmountPassesMax; ++pass) {
    ASSIGN_OR_RETURN(std::vector<MountEntry> table, ReadMountTable());
    std::reverse(table.begin(), table.end());
    bool found = false;
    first_failure = absl::OkStatus();
    for (const MountEntry& entry : table) {
      if (!IsOnOrBelow(entry.mount_point, *canonical)) continue;
      found = true;
      first_failure.Update(Unmount(entry.mount_point));
    }
    if (!found) return absl::OkStatus();
    if (!first_failure.ok()) return first_failure;
  }
  return absl::ResourceExhaustedError(absl::StrCat("mounts keep appearing below ", directory));
}

}  // namespace container
