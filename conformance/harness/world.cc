// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/world.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/loopback.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "conformance/harness/deaf_syslog.h"

namespace conformance {
namespace {

constexpr std::array<absl::string_view, 3> kHiddenRoots = {"/run", "/tmp", "/dev/shm"};
constexpr char kHostName[] = "shimgauge";
// Variables that lead engines to places or peers which do not exist here.
constexpr std::array<const char*, 6> kForeignVariables = {
    "XDG_RUNTIME_DIR", "NOTIFY_SOCKET",  "LISTEN_FDS",
    "LISTEN_PID",      "LISTEN_FDNAMES", "DBUS_SESSION_BUS_ADDRESS"};

absl::Status Mount(const char* source, const std::string& target, const char* type,
                   unsigned long flags, const char* options) {
  if (::mount(source, target.c_str(), type, flags, options) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno,
                           absl::StrCat("mount ", type != nullptr ? type : source, " on ", target));
}

// Exactly `mode`, whatever the umask.
absl::Status MakeDirectory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    return base::ErrnoStatus(errno, absl::StrCat("mkdir ", path));
  }
  if (::chmod(path.c_str(), mode) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("chmod ", path));
  }
  return absl::OkStatus();
}

absl::Status MakeParents(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (::mkdir(parent.c_str(), 0755) != 0 && errno != EEXIST) {
      return base::ErrnoStatus(errno, absl::StrCat("mkdir ", parent));
    }
  }
  return absl::OkStatus();
}

// A file or directory that is about to be hidden, and where it has to reappear.
struct Kept {
  std::string path;
  base::UniqueFd fd;
  bool is_directory = false;
};

absl::StatusOr<std::vector<Kept>> OpenKept(std::vector<std::string> paths) {
  std::sort(paths.begin(), paths.end());  // parents first
  std::vector<Kept> kept;
  for (const std::string& path : paths) {
    const bool covered = std::any_of(kept.begin(), kept.end(), [&path](const Kept& other) {
      return path == other.path || absl::StartsWith(path, absl::StrCat(other.path, "/"));
    });
    if (covered) continue;
    Kept one{.path = path, .fd = base::UniqueFd(::open(path.c_str(), O_PATH | O_CLOEXEC))};
    struct stat info {};
    if (!one.fd.ok() || ::fstat(one.fd.get(), &info) != 0) {
      return base::ErrnoStatus(errno, absl::StrCat("open ", path));
    }
    one.is_directory = S_ISDIR(info.st_mode);
    kept.push_back(std::move(one));
  }
  return kept;
}

absl::Status Reappear(const Kept& kept) {
  RETURN_IF_ERROR(MakeParents(kept.path));
  if (kept.is_directory) {
    RETURN_IF_ERROR(MakeDirectory(kept.path, 0755));
  } else {
    const base::UniqueFd file(
        ::open(kept.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file.ok()) return base::ErrnoStatus(errno, absl::StrCat("create ", kept.path));
  }
  const std::string source = absl::StrCat("/proc/self/fd/", kept.fd.get());
  return Mount(source.c_str(), kept.path, nullptr, MS_BIND | MS_REC, nullptr);
}

// Where parts of /proc are hidden, as containers do, a user namespace gets no whole one. Kernels
// that tell the two apart still give it one that shows nothing but processes.
absl::Status MountProc(unsigned long flags) {
  const absl::Status whole = Mount("proc", "/proc", "proc", flags, nullptr);
  if (!absl::IsPermissionDenied(whole)) return whole;
  if (::mount("proc", "/proc", "proc", flags, "subset=pid") == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the kernel refuses a fresh /proc, because parts of this one are hidden (as in an "
      "unprivileged container): run as root there, or start the container with its /proc unmasked "
      "(docker: --security-opt systempaths=unconfined)");
}

absl::Status ReplaceMounts(const std::vector<std::string>& keep) {
  RETURN_IF_ERROR(Mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
  ASSIGN_OR_RETURN(const std::vector<Kept> kept, OpenKept(keep));
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV;
  RETURN_IF_ERROR(MountProc(kFlags | MS_NOEXEC));
  RETURN_IF_ERROR(Mount("tmpfs", "/run", "tmpfs", kFlags, "mode=0755"));
  RETURN_IF_ERROR(Mount("tmpfs", "/tmp", "tmpfs", kFlags, "mode=1777"));
  struct stat info {};
  if (::stat("/dev/shm", &info) == 0) {
    RETURN_IF_ERROR(Mount("tmpfs", "/dev/shm", "tmpfs", kFlags, "mode=1777"));
  }
  for (const Kept& one : kept) RETURN_IF_ERROR(Reappear(one));
  return absl::OkStatus();
}

absl::Status MakeDirectories(const WorldInfo& world) {
  RETURN_IF_ERROR(MakeDirectory(world.root, 0755));
  RETURN_IF_ERROR(MakeDirectory(world.bundles, 0711));
  RETURN_IF_ERROR(MakeDirectory(world.fifos, 0711));
  RETURN_IF_ERROR(MakeDirectory(world.scratch, 01777));
  RETURN_IF_ERROR(MakeDirectory(world.temp, 01777));
  RETURN_IF_ERROR(MakeDirectory("/run/containerd", 0711));
  return MakeDirectory(world.sockets, 0711);
}

// The engine under its usual name, first in PATH.
absl::Status OfferEngine(const WorldSpec& spec, const std::string& root) {
  if (spec.engine_name.empty()) return absl::OkStatus();
  const std::string directory = absl::StrCat(root, "/bin");
  RETURN_IF_ERROR(MakeDirectory(directory, 0755));
  const std::string link = absl::StrCat(directory, "/", spec.engine_name);
  if (::symlink(spec.engine.c_str(), link.c_str()) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("symlink ", link));
  }
  const char* path = std::getenv("PATH");
  const std::string search =
      absl::StrCat(directory, ":", path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin");
  ::setenv("PATH", search.c_str(), 1);
  return absl::OkStatus();
}

}  // namespace

int WorldNamespaces() {
  return CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
}

bool HiddenInWorlds(const std::string& path) {
  return std::any_of(kHiddenRoots.begin(), kHiddenRoots.end(), [&path](absl::string_view root) {
    return path == root || absl::StartsWith(path, absl::StrCat(root, "/"));
  });
}

std::vector<std::string> KeepVisible(const std::string& path) {
  if (!HiddenInWorlds(path)) return {};
  const std::string directory = path.substr(0, path.rfind('/'));
  const bool is_root =
      std::find(kHiddenRoots.begin(), kHiddenRoots.end(), directory) != kHiddenRoots.end();
  return {is_root ? path : directory};
}

absl::StatusOr<WorldInfo> EnterWorld(const WorldSpec& spec) {
  if (::getpid() != 1) {
    return absl::FailedPreconditionError("enter world: not the first process of a pid namespace");
  }
  RETURN_IF_ERROR(ReplaceMounts(spec.keep));
  RETURN_IF_ERROR(base::RaiseLoopback());
  if (::sethostname(kHostName, sizeof kHostName - 1) != 0) {
    return base::ErrnoStatus(errno, "sethostname");
  }
  // A crashing shim must not leave a core file at a place the host's pattern names.
  const struct rlimit no_core {};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0) return base::ErrnoStatus(errno, "setrlimit core");
  ::umask(022);
  for (const char* variable : kForeignVariables) ::unsetenv(variable);

  WorldInfo world;
  world.root = "/run/shimgauge";
  world.bundles = absl::StrCat(world.root, "/bundles");
  world.fifos = absl::StrCat(world.root, "/fifos");
  world.scratch = absl::StrCat(world.root, "/scratch");
  world.temp = absl::StrCat(world.root, "/tmp");
  world.sockets = "/run/containerd/s";
  world.sink_path = "/run/containerd/containerd.sock.ttrpc";
  world.containerd_path = "/run/containerd/containerd.sock";
  world.cgroup_parent = spec.cgroup_parent;
  world.fixtures = spec.fixtures;
  world.shim = spec.shim;
  world.ns = spec.ns;
  world.seed = spec.seed;
  world.deadline_scale = spec.deadline_scale;
  RETURN_IF_ERROR(MakeDirectories(world));
  RETURN_IF_ERROR(OfferEngine(spec, world.root));
  // Where /dev/log is none or leads to the /run of the host, libraries try /var/run/log. It is
  // there as long as this world, so nobody closes it.
  ASSIGN_OR_RETURN(base::UniqueFd syslog, ListenAsSyslog("/run/log"));
  (void)syslog.release();
  return world;
}

}  // namespace conformance
