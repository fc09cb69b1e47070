// SPDX-License-Identifier: Apache-2.0
#include "container/rootfs.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/devices.h"
#include "container/mount_options.h"
#include "container/mounts.h"
#include "container/root_path.h"

namespace container {
namespace {

constexpr char kCgroupRoot[] = "/sys/fs/cgroup";
constexpr unsigned long kInheritedFlags = ST_NOSUID | ST_NODEV | ST_NOEXEC;  // numbered as MS_*

absl::Status SysMount(const char* source, const std::string& target, const char* type,
                      unsigned long flags, const char* data = nullptr) {
  if (::mount(source, target.c_str(), type, flags, data) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, absl::StrCat("mount on ", target));
}

bool IsBind(const oci::Mount& mount) {
  return mount.type == "bind" ||
         std::any_of(mount.options.begin(), mount.options.end(),
                     [](const std::string& word) { return word == "bind" || word == "rbind"; });
}

absl::Status RemountReadOnly(const std::string& path, unsigned long flags) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("statvfs ", path));
  }
  // What a user namespace was given with these flags it may not lose.
  flags |= MS_BIND | MS_REMOUNT | MS_RDONLY | (info.f_flag & kInheritedFlags);
  return base::Annotate(SysMount(nullptr, path, nullptr, flags), "make read-only");
}

absl::Status Mask(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? absl::OkStatus()
                           : base::ErrnoStatus(errno, absl::StrCat("mask ", path));
  }
  // Asked first, since the kernel takes milliseconds to undo a bind of a file on a directory.
  if (S_ISDIR(info.st_mode)) {
    return base::Annotate(SysMount("tmpfs", path, "tmpfs", MS_RDONLY), "mask");
  }
  return base::Annotate(SysMount("/dev/null", path, nullptr, MS_BIND), "mask");
}

absl::Status ProtectPath(const std::string& path) {
  if (::mount(path.c_str(), path.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    return errno == ENOENT ? absl::OkStatus()
                           : base::ErrnoStatus(errno, absl::StrCat("bind ", path));
  }
  return RemountReadOnly(path, MS_REC);
}

absl::Status SetDevices(const base::UniqueFd& mounted, bool enabled, unsigned flags) {
  struct mount_attr change {};
  (enabled ? change.attr_clr : change.attr_set) = MOUNT_ATTR_NODEV;
  if (::syscall(SYS_mount_setattr, mounted.get(), "", AT_EMPTY_PATH | flags, &change,
                sizeof(change)) == 0) {
    return absl::OkStatus();
  }
  return base::ErrnoStatus(errno, "mount_setattr nodev");
}

absl::Status PivotTo(const std::string& path) {
  const base::UniqueFd old_root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!old_root.ok()) return base::ErrnoStatus(errno, "open /");
  if (::chdir(path.c_str()) != 0) return base::ErrnoStatus(errno, absl::StrCat("chdir ", path));
  // The old root is stacked on the new one, at the same place, and then taken off.
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return base::ErrnoStatus(errno, "pivot_root");
  if (::fchdir(old_root.get()) != 0) return base::ErrnoStatus(errno, "fchdir to the old root");
  RETURN_IF_ERROR(SysMount(nullptr, ".", nullptr, MS_SLAVE | MS_REC));
  if (::umount2(".", MNT_DETACH) != 0) return base::ErrnoStatus(errno, "unmount the old root");
  return absl::OkStatus();
}

absl::Status ChangeRoot(const std::string& directory) {
  if (::chroot(directory.c_str()) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("chroot ", directory));
  }
  return absl::OkStatus();
}

}  // namespace

Rootfs::Rootfs(const oci::Spec& spec, const std::string& bundle, Cgroup cgroup)
    : spec_(spec),
      bundle_(bundle),
      path_(absl::StartsWith(spec.root.path, "/") ? spec.root.path
                                                  : absl::StrCat(bundle, "/", spec.root.path)),
      cgroup_(std::move(cgroup)),
      own_mounts_(oci::FindNamespace(spec, "mount") != nullptr) {}

absl::Status Rootfs::Prepare() const {
  struct stat info {};
  if (::stat(path_.c_str(), &info) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("rootfs (", path_, ")"));
  }
  if (!S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("rootfs (", path_, ") is not a directory"));
  }
  if (!own_mounts_) {
    if (spec_.mounts.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("mounts need a mount namespace");
  }
  RETURN_IF_ERROR(SysMount(nullptr, "/", nullptr, MS_SLAVE | MS_REC));
  RETURN_IF_ERROR(SysMount(path_.c_str(), path_, nullptr, MS_BIND | MS_REC));
  bool own_dev = false;
  for (const oci::Mount& mount : spec_.mounts) {
    RETURN_IF_ERROR(base::Annotate(
        MountOne(mount),
        absl::StrCat("mount ", mount.type, " ", mount.source, " on ", mount.destination)));
    own_dev |= mount.destination == "/dev" && !IsBind(mount);
  }
  return own_dev ? MakeDevices(spec_.linux.devices, path_) : absl::OkStatus();
}

absl::Status Rootfs::DisableOtherDevices() const {
  if (!own_mounts_) return absl::FailedPreconditionError("nodev needs a mount namespace");
  const base::UniqueFd root(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", path_));
  RETURN_IF_ERROR(SetDevices(root, /*enabled=*/false, AT_RECURSIVE));
  for (const oci::Mount& mount : spec_.mounts) {
    const bool own_dev = mount.destination == "/dev" && !IsBind(mount);
    if (!own_dev && mount.type != "devpts") continue;
    ASSIGN_OR_RETURN(const base::UniqueFd mounted, OpenBelow(root, mount.destination));
    RETURN_IF_ERROR(SetDevices(mounted, /*enabled=*/true, 0));
  }
  return absl::OkStatus();
}

absl::Status Rootfs::MountOne(const oci::Mount& mount) const {
  if (mount.type == "cgroup" || mount.type == "cgroup2") return MountCgroups(mount);
  std::string source = mount.source;
  RootEntry entry = RootEntry::kDirectory;
  if (IsBind(mount)) {
    if (!absl::StartsWith(source, "/")) source = absl::StrCat(bundle_, "/", source);
    struct stat info {};
    if (::stat(source.c_str(), &info) != 0) return base::ErrnoStatus(errno, source);
    if (!S_ISDIR(info.st_mode)) entry = RootEntry::kFile;
  }
  // Opened anew for each: the one before may have covered the root.
  const base::UniqueFd root(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", path_));
  RETURN_IF_ERROR(MakeBelow(root, mount.destination, entry).status());
  return MountAll({{.type = IsBind(mount) ? "bind" : mount.type,
                    .source = source,
                    .target = mount.destination,
                    .options = mount.options}},
                  path_);
}

absl::Status Rootfs::MountCgroups(const oci::Mount& mount) const {
  const auto bind = [&](const std::string& source, const std::string& name) {
    return MountOne({.destination = absl::StrCat(mount.destination, name),
                     .type = "bind",
                     .source = source,
                     .options = {"bind", "ro", "nosuid", "nodev", "noexec"}});
  };
  if (cgroup_.MembersDirectory().empty()) {
    struct stat info {};  // a machine without cgroups has nothing to show
    return ::stat(kCgroupRoot, &info) == 0 ? bind(kCgroupRoot, "") : absl::OkStatus();
  }
  if (cgroup_.version == CgroupVersion::kV2) return bind(cgroup_.unified, "");
  RETURN_IF_ERROR(MountOne({.destination = mount.destination,
                            .type = "tmpfs",
                            .source = "tmpfs",
                            .options = {"nosuid", "noexec", "nodev", "mode=755"}}));
  for (const auto& [controller, directory] : cgroup_.controllers) {
    const absl::string_view name = controller;
    RETURN_IF_ERROR(bind(directory, absl::StrCat("/", name.substr(name.find('=') + 1))));
  }
  return absl::OkStatus();
}

absl::Status Rootfs::Enter(bool no_pivot) const {
  if (!own_mounts_) {
    RETURN_IF_ERROR(ChangeRoot(path_));
  } else if (no_pivot) {
    if (::chdir(path_.c_str()) != 0) return base::ErrnoStatus(errno, "chdir to the rootfs");
    RETURN_IF_ERROR(SysMount(path_.c_str(), "/", nullptr, MS_MOVE));
    RETURN_IF_ERROR(ChangeRoot("."));
  } else {
    RETURN_IF_ERROR(PivotTo(path_));
  }
  return ::chdir("/") == 0 ? absl::OkStatus() : base::ErrnoStatus(errno, "chdir /");
}

absl::Status Rootfs::Finish() const {
  if (!own_mounts_) return absl::OkStatus();
  if (!spec_.linux.rootfs_propagation.empty()) {
    ASSIGN_OR_RETURN(const MountOptions options,
                     ParseMountOptions({spec_.linux.rootfs_propagation}));
    if (options.propagation == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("rootfsPropagation=", spec_.linux.rootfs_propagation, " is not supported"));
    }
    RETURN_IF_ERROR(SysMount(nullptr, "/", nullptr, options.propagation));
  }
  if (spec_.root.readonly) RETURN_IF_ERROR(RemountReadOnly("/", 0));
  for (const std::string& path : spec_.linux.readonly_paths) RETURN_IF_ERROR(ProtectPath(path));
  for (const std::string& path : spec_.linux.masked_paths) RETURN_IF_ERROR(Mask(path));
  return absl::OkStatus();
}

}  // namespace container
