// SPDX-License-Identifier: Apache-2.0
#include "fakes/engine/container_processes.h"

#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/freezer.h"
#include "fakes/engine/limits.h"
#include "fakes/fault/text_file.h"

namespace fakes {
namespace {

bool HasCgroup(const ContainerRecord& record) { return container::Exists(record.cgroup); }

absl::Status FreezeAndWait(const container::Cgroup& cgroup) {
  RETURN_IF_ERROR(container::Freeze(cgroup));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kFreezeMsMax);
  for (;;) {
    ASSIGN_OR_RETURN(const bool frozen, container::HasFrozen(cgroup));
    if (frozen) return absl::OkStatus();
    if (std::chrono::steady_clock::now() > deadline) {
      (void)container::Thaw(cgroup);
      return absl::DeadlineExceededError("unable to freeze");
    }
    ::sched_yield();
  }
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
  if (container::HasFreezer(record.cgroup) ? container::IsFreezing(record.cgroup)
                                           : store.Has(kPausedMark)) {
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
  if (container::HasFreezer(record.cgroup)) return FreezeAndWait(record.cgroup);
  RETURN_IF_ERROR(ReplaceTextFile(store.File(kPausedMark), ""));
  return SignalAllOf(store, record, SIGSTOP);
}

absl::Status ResumeAllOf(const ContainerStore& store, const ContainerRecord& record) {
  if (container::HasFreezer(record.cgroup)) return container::Thaw(record.cgroup);
  RETURN_IF_ERROR(SignalAllOf(store, record, SIGCONT));
  if (::unlink(store.File(kPausedMark).c_str()) != 0) {
    return base::ErrnoStatus(errno, "remove the mark of a paused container");
  }
  return absl::OkStatus();
}

}  // namespace fakes
