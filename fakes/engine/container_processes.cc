// SPDX-License-Identifier: Apache-2.0
#include "fakes/engine/container_processes.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <set>
#include <utility>

#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/cgroup_limits.h"
#include "fakes/engine/limits.h"
#include "fakes/fault/text_file.h"

namespace fakes {
namespace {

using container::Cgroup;
using container::CgroupVersion;

bool HasCgroup(const ContainerRecord& record) { return container::Exists(record.cgroup); }

std::string FreezerFile(const Cgroup& cgroup) {
  const std::string directory = cgroup.DirectoryOf("freezer");
  if (directory.empty()) return "";
  return absl::StrCat(directory,
                      cgroup.version == CgroupVersion::kV1 ? "/freezer.state" : "/cgroup.freeze");
}

bool HasFreezer(const ContainerRecord& record) {
  const std::string file = FreezerFile(record.cgroup);
  return !file.empty() && ::access(file.c_str(), W_OK) == 0;
}

bool IsFrozen(const Cgroup& cgroup) {
  const absl::StatusOr<std::string> state = base::ReadKernelFile(FreezerFile(cgroup));
  if (!state.ok()) return false;
  const absl::string_view word = absl::StripAsciiWhitespace(*state);
  return word == "FROZEN" || word == "FREEZING" || word == "1";
}

// v1 says FREEZING until the last process has stopped, and tells nobody when that is: asking is
// what makes it look again.
absl::Status Freeze(const Cgroup& cgroup) {
  const std::string file = FreezerFile(cgroup);
  const bool v1 = cgroup.version == CgroupVersion::kV1;
  RETURN_IF_ERROR(base::WriteKernelFile(file, v1 ? "FROZEN" : "1"));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kFreezeMsMax);
  const std::string events =
      v1 ? file : absl::StrCat(cgroup.DirectoryOf("freezer"), "/cgroup.events");
  for (;;) {
    ASSIGN_OR_RETURN(const std::string state, base::ReadKernelFile(events));
    if (absl::StrContains(state, v1 ? "FROZEN" : "frozen 1")) return absl::OkStatus();
    if (std::chrono::steady_clock::now() > deadline) {
      (void)container::Thaw(cgroup);
      return absl::DeadlineExceededError("unable to freeze");
    }
    ::sched_yield();
  }
}

// Which directories this engine uses: those in which processes are counted, limited and frozen.
// Each further one costs every container time.
bool IsUsed(const std::string& controller, bool cpuset) {
  static const std::set<std::string> used = {"cpu", "cpuacct", "freezer", "memory", "pids"};
  return used.count(controller) > 0 || (cpuset && controller == "cpuset");
}

void KeepUsed(Cgroup& cgroup, bool cpuset) {
  std::set<std::string> directories;  // controllers mounted together share theirs
  for (auto it = cgroup.controllers.begin(); it != cgroup.controllers.end();) {
    const bool keep = IsUsed(it->first, cpuset) && directories.insert(it->second).second;
    it = keep ? std::next(it) : cgroup.controllers.erase(it);
  }
  if (cgroup.version == CgroupVersion::kV1) cgroup.unified.clear();
}

bool MayNot(const std::error_code& error) {
  return error.value() == EACCES || error.value() == EPERM || error.value() == EROFS;
}

// False where the kernel does not let us, which leaves nothing behind.
absl::StatusOr<bool> MakeDirectory(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error) return ::access(absl::StrCat(directory, "/cgroup.procs").c_str(), W_OK) == 0;
  if (MayNot(error)) return false;
  return base::ErrnoStatus(error.value(), absl::StrCat("mkdir ", directory));
}

// "slice:prefix:name" is systemd's way to say /slice/prefix-name.scope.
std::string PathOfScope(const std::string& path) {
  const std::vector<std::string> parts = absl::StrSplit(path, ':');
  if (parts.size() != 3) return path;
  const std::string slice = parts[0].empty() ? "system.slice" : parts[0];
  return absl::StrCat("/", slice, "/", parts[1], parts[1].empty() ? "" : "-", parts[2], ".scope");
}

}  // namespace

absl::string_view StatusName(ContainerStatus status) {
  constexpr absl::string_view kNames[] = {"created", "running", "paused", "stopped"};
  return kNames[static_cast<int>(status)];
}

bool InitAlive(const ContainerRecord& record) {
  const absl::StatusOr<container::ProcessInfo> info = container::ReadProcessInfo(record.init.pid);
  return info.ok() && info->alive() && info->start_ticks == record.init.start_ticks;
}

ContainerStatus StatusOf(const ContainerStore& store, const ContainerRecord& record) {
  if (!InitAlive(record)) return ContainerStatus::kStopped;
  if (HasFreezer(record) ? IsFrozen(record.cgroup) : store.Has(kPausedMark)) {
    return ContainerStatus::kPaused;
  }
  return store.Has(kStartFifo) ? ContainerStatus::kCreated : ContainerStatus::kRunning;
}

absl::StatusOr<std::vector<pid_t>> ProcessesOf(const ContainerStore& store,
                                               const ContainerRecord& record) {
  if (HasCgroup(record)) return container::ListProcesses(record.cgroup);
  return container::ListProcessTree(store.Roots(record));
}

absl::Status SignalAllOf(const ContainerStore& store, const ContainerRecord& record, int signo) {
  if (HasCgroup(record)) return container::SignalAll(record.cgroup, signo);
  return container::SignalProcessTree(store.Roots(record), signo);
}

absl::Status EndAllOf(const ContainerStore& store, const ContainerRecord& record) {
  using Clock = std::chrono::steady_clock;
  ASSIGN_OR_RETURN(std::vector<pid_t> pids, ProcessesOf(store, record));
  if (InitAlive(record)) pids.push_back(record.init.pid);
  std::vector<base::UniqueFd> handles;
  for (const pid_t pid : pids) {
    absl::StatusOr<base::UniqueFd> handle = base::OpenPidfd(pid);
    if (handle.ok()) handles.push_back(*std::move(handle));
  }
  const absl::Status signalled = SignalAllOf(store, record, SIGKILL);
  if (!signalled.ok() && !absl::IsNotFound(signalled)) return signalled;
  if (InitAlive(record)) ::kill(record.init.pid, SIGKILL);
  const auto deadline = Clock::now() + std::chrono::milliseconds(kEndMsMax);
  for (const base::UniqueFd& handle : handles) {
    while (!base::HasExited(handle)) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) return absl::DeadlineExceededError("container init still running");
      pollfd ready{.fd = handle.get(), .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, static_cast<int>(left)) < 0 && errno != EINTR) {
        return base::ErrnoStatus(errno, "poll");
      }
    }
  }
  return absl::OkStatus();
}

absl::Status PauseAllOf(const ContainerStore& store, const ContainerRecord& record) {
  if (HasFreezer(record)) return Freeze(record.cgroup);
  RETURN_IF_ERROR(ReplaceTextFile(store.File(kPausedMark), ""));
  return SignalAllOf(store, record, SIGSTOP);
}

absl::Status ResumeAllOf(const ContainerStore& store, const ContainerRecord& record) {
  if (HasFreezer(record)) return container::Thaw(record.cgroup);
  RETURN_IF_ERROR(SignalAllOf(store, record, SIGCONT));
  if (::unlink(store.File(kPausedMark).c_str()) != 0) {
    return base::ErrnoStatus(errno, "remove the mark of a paused container");
  }
  return absl::OkStatus();
}

absl::StatusOr<Cgroup> MakeCgroup(const oci::Spec& spec, const std::string& id, bool systemd) {
  const absl::StatusOr<container::CgroupMounts> mounts = container::CgroupMounts::Read();
  if (!mounts.ok()) return Cgroup();
  std::string path = spec.linux.cgroups_path.empty() ? id : spec.linux.cgroups_path;
  if (systemd) path = PathOfScope(path);
  const absl::StatusOr<Cgroup> resolved = mounts->Resolve(path);
  if (!resolved.ok()) return Cgroup();
  Cgroup cgroup = *resolved;
  const std::optional<oci::CpuResources>& cpu = spec.linux.resources.cpu;
  KeepUsed(cgroup, cpu.has_value() && (!cpu->cpus.empty() || !cpu->mems.empty()));
  for (auto it = cgroup.controllers.begin(); it != cgroup.controllers.end();) {
    ASSIGN_OR_RETURN(const bool made, MakeDirectory(it->second));
    it = made ? std::next(it) : cgroup.controllers.erase(it);
  }
  if (!cgroup.unified.empty()) {
    ASSIGN_OR_RETURN(const bool made, MakeDirectory(cgroup.unified));
    if (!made) cgroup.unified.clear();
    if (made) (void)container::EnableControllers(*mounts, cgroup);
  }
  RETURN_IF_ERROR(container::PrepareCpuset(cgroup));
  const absl::Status limited = container::ApplyResources(cgroup, spec.linux.resources);
  if (!limited.ok()) {
    (void)container::Remove(cgroup);
    return limited;
  }
  return cgroup;
}

}  // namespace fakes
