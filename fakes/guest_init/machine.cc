// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_init/machine.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/status_macros.h"
#include "fakes/guest_init/kernel_modules.h"

namespace fakes {
namespace {

constexpr char kNewRoot[] = "/root.new";

struct Place {
  const char* type;  // of the file system; nullptr: a directory and nothing else
  const char* path;
  unsigned long flags;
  const char* data;
};

constexpr unsigned long kInert = MS_NOSUID | MS_NODEV | MS_NOEXEC;
constexpr Place kPlaces[] = {
    {"proc", "/proc", kInert, nullptr},
    {"sysfs", "/sys", kInert, nullptr},
    {"devtmpfs", "/dev", MS_NOSUID, "mode=0755"},
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"},
    {"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777"},
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755"},
    {"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777"},
    {"cgroup2", "/sys/fs/cgroup", kInert, nullptr},
    {nullptr, "/run/kata-containers", 0, nullptr},
};

absl::Status MakeDirectory(const char* path) {
  if (::mkdir(path, 0755) == 0 || errno == EEXIST) return absl::OkStatus();
  return base::ErrnoStatus(errno, absl::StrCat("mkdir ", path));
}

// pivot_root(2) refuses to leave the file system that the kernel unpacks an initrd to. Seen through
// a mount that lies over it, it is a root like any other.
absl::Status CoverRoot() {
  RETURN_IF_ERROR(MakeDirectory(kNewRoot));
  if (::mount("/", kNewRoot, nullptr, MS_BIND, nullptr) != 0) {
    return base::ErrnoStatus(errno, "bind of the root");
  }
  if (::chdir(kNewRoot) != 0 || ::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 ||
      ::chroot(".") != 0 || ::chdir("/") != 0) {
    return base::ErrnoStatus(errno, "change of the root");
  }
  return absl::OkStatus();
}

absl::Status MountPlaces() {
  for (const Place& place : kPlaces) {
    RETURN_IF_ERROR(MakeDirectory(place.path));
    if (place.type == nullptr ||
        ::mount(place.type, place.path, place.type, place.flags, place.data) == 0) {
      continue;
    }
    return base::ErrnoStatus(errno, absl::StrCat("mount ", place.type, " on ", place.path));
  }
  return absl::OkStatus();
}

// A machine without a console starts us with none of them open.
absl::Status OpenStdio() {
  int file = -1;
  do {
    file = ::open("/dev/null", O_RDWR);  // for our children too
    if (file < 0) return base::ErrnoStatus(errno, "open /dev/null");
  } while (file < STDERR_FILENO);
  if (file > STDERR_FILENO) ::close(file);
  return absl::OkStatus();
}

}  // namespace

absl::Status MakeMachine() {
  RETURN_IF_ERROR(CoverRoot());
  RETURN_IF_ERROR(MountPlaces());
  RETURN_IF_ERROR(OpenStdio());
  ::umask(022);
  return LoadModules(kModuleDirectory);
}

void PowerOff() {
  ::sync();
  ::reboot(RB_POWER_OFF);
  // The kernel panics when its first process ends, and a machine that panics ends as well.
  ::_exit(1);
}

}  // namespace fakes
