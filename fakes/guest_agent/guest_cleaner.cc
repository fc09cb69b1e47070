// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_cleaner.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>
#include <vector>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "container/namespaces.h"
#include "fakes/guest_agent/child_fds.h"
#include "fakes/guest_agent/kill_and_reap.h"
#include "fakes/guest_agent/limits.h"

namespace fakes {
namespace {

// They are dying already, with the guest's pid namespace.
void AwaitEnd(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) {
    const absl::StatusOr<base::UniqueFd> handle = base::OpenPidfd(pid);
    if (!handle.ok()) continue;
    pollfd ready{.fd = handle->get(), .events = POLLIN, .revents = 0};
    while (::poll(&ready, 1, kGuestCleanMs) < 0 && errno == EINTR) {
    }
  }
}

void Clean(const container::Cgroup& cgroup) {
  for (int pass = 0; pass < kGuestCleanPasses && container::Exists(cgroup); ++pass) {
    (void)container::SignalAll(cgroup, SIGKILL);
    const absl::StatusOr<std::vector<pid_t>> pids = container::ListProcesses(cgroup);
    if (pids.ok()) AwaitEnd(*pids);
    (void)container::Remove(cgroup);
  }
}

[[noreturn]] void AwaitAndClean(int life, const container::Cgroup& cgroup) {
  if (!ArrangeChildFds({-1, -1, -1}, {life})) ::_exit(1);
  ::prctl(PR_SET_NAME, "guest-cleaner", 0, 0, 0);
  ::setsid();
  char byte = 0;
  while (::recv(life, &byte, sizeof(byte), 0) < 0 && errno == EINTR) {
  }
  Clean(cgroup);
  ::_exit(0);
}

}  // namespace

absl::StatusOr<std::unique_ptr<GuestCleaner>> GuestCleaner::Start(base::ChildReaper& reaper,
                                                                  const container::Cgroup& cgroup) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return base::ErrnoStatus(errno, "socketpair");
  }
  base::UniqueFd ours(ends[0]);
  base::UniqueFd theirs(ends[1]);
  ASSIGN_OR_RETURN(const pid_t pid,
                   container::ForkInto({}, [&] { AwaitAndClean(theirs.get(), cgroup); }));
  std::unique_ptr<GuestCleaner> cleaner(new GuestCleaner(pid, std::move(ours)));
  GuestCleaner* self = cleaner.get();
  cleaner->watch_ = reaper.OnExit(pid, [self](const base::ExitStatus&) { self->gone_ = true; });
  return cleaner;
}

GuestCleaner::~GuestCleaner() {
  if (!gone_) KillAndReap(pid_, watch_);
}

}  // namespace fakes
