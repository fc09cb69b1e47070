// SPDX-License-Identifier: Apache-2.0
#include "container/devices.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/root_path.h"

namespace container {
namespace {

constexpr std::uint32_t kDefaultMode = 0666;

struct Link {
  const char* target;
  const char* path;
};
constexpr Link kLinks[] = {{"/proc/self/fd", "dev/fd"},
                           {"/proc/self/fd/0", "dev/stdin"},
                           {"/proc/self/fd/1", "dev/stdout"},
                           {"/proc/self/fd/2", "dev/stderr"},
                           {"pts/ptmx", "dev/ptmx"}};

oci::Device Character(const char* path, int major, int minor) {
  return {.path = path, .type = "c", .major = major, .minor = minor};
}

absl::StatusOr<mode_t> TypeOf(const oci::Device& device) {
  if (device.type == "c" || device.type == "u") return S_IFCHR;
  if (device.type == "b") return S_IFBLK;
  if (device.type == "p") return S_IFIFO;
  return absl::InvalidArgumentError(
      absl::StrCat("linux.devices: ", device.path, ": unknown type \"", device.type, "\""));
}

absl::Status BindHostDevice(const base::UniqueFd& root, const std::string& path) {
  ASSIGN_OR_RETURN(const base::UniqueFd place, MakeBelow(root, path, RootEntry::kFile));
  if (::mount(path.c_str(), ProcPath(place).c_str(), nullptr, MS_BIND, nullptr) == 0) {
    return absl::OkStatus();
  }
  return base::ErrnoStatus(errno, absl::StrCat("bind ", path));
}

absl::Status MakeDevice(const base::UniqueFd& root, const oci::Device& device) {
  const std::size_t slash = device.path.rfind('/');
  if (device.path.empty() || device.path[0] != '/' || slash + 1 == device.path.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("linux.devices: \"", device.path, "\" is not an absolute path"));
  }
  ASSIGN_OR_RETURN(const mode_t type, TypeOf(device));
  ASSIGN_OR_RETURN(const base::UniqueFd directory,
                   MakeBelow(root, device.path.substr(0, slash), RootEntry::kDirectory));
  const std::string name = device.path.substr(slash + 1);
  const mode_t mode = device.file_mode.value_or(kDefaultMode) & 07777;
  const dev_t number =
      ::makedev(static_cast<unsigned>(device.major), static_cast<unsigned>(device.minor));
  if (::mknodat(directory.get(), name.c_str(), type | mode, number) != 0) {
    if (errno == EEXIST) return absl::OkStatus();
    if (errno == EPERM) return BindHostDevice(root, device.path);
    return base::ErrnoStatus(errno, absl::StrCat("mknod ", device.path));
  }
  const uid_t uid = device.uid.value_or(0);
  const gid_t gid = device.gid.value_or(0);
  if (::fchmodat(directory.get(), name.c_str(), mode, 0) != 0 ||
      ((uid != 0 || gid != 0) &&
       ::fchownat(directory.get(), name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0)) {
    return base::ErrnoStatus(errno, absl::StrCat("owner and mode of ", device.path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MakeDevices(const std::vector<oci::Device>& devices, const std::string& root) {
  const base::UniqueFd root_fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root_fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", root));
  std::vector<oci::Device> all = devices;
  for (const oci::Device& usual : {Character("/dev/null", 1, 3), Character("/dev/zero", 1, 5),
                                   Character("/dev/full", 1, 7), Character("/dev/random", 1, 8),
                                   Character("/dev/urandom", 1, 9), Character("/dev/tty", 5, 0)}) {
    const bool listed = std::any_of(devices.begin(), devices.end(), [&usual](const auto& device) {
      return device.path == usual.path;
    });
    if (!listed) all.push_back(usual);
  }
  for (const oci::Device& device : all) RETURN_IF_ERROR(MakeDevice(root_fd, device));
  for (const Link& link : kLinks) {
    if (::symlinkat(link.target, root_fd.get(), link.path) != 0 && errno != EEXIST) {
      return base::ErrnoStatus(errno, absl::StrCat("link /", link.path));
    }
  }
  return absl::OkStatus();
}

absl::Status ReopenNull() {
  const base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY));
  struct stat ours {};
  if (!null.ok() || ::fstat(null.get(), &ours) != 0 || !S_ISCHR(ours.st_mode) ||
      ours.st_rdev != ::makedev(1, 3)) {
    return absl::OkStatus();
  }
  for (int fd = 0; fd <= 2; ++fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0 || !S_ISCHR(info.st_mode) || info.st_rdev != ours.st_rdev) continue;
    if (::dup2(null.get(), fd) < 0) return base::ErrnoStatus(errno, "dup of /dev/null");
  }
  return absl::OkStatus();
}

}  // namespace container
