// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_keeper.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/loopback.h"
#include "base/status_macros.h"
#include "container/sync_socket.h"
#include "fakes/guest_agent/child_fds.h"
#include "fakes/guest_agent/kill_and_reap.h"

namespace fakes {
namespace {

constexpr int kFresh = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;

absl::Status Furnish(const std::string& hostname) {
  if (!hostname.empty() && ::sethostname(hostname.data(), hostname.size()) != 0) {
    return base::ErrnoStatus(errno, "sethostname");
  }
  return base::RaiseLoopback();
}

[[noreturn]] void KeepGuest(const std::string& hostname, const container::SyncSocket& socket) {
  if (!ArrangeChildFds({-1, -1, -1}, {socket.fd().get()})) ::_exit(1);
  ::prctl(PR_SET_NAME, "guest", 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::setsid();
  // Orphans of the containers become its children, and need no reaping then.
  ::signal(SIGCHLD, SIG_IGN);
  const absl::Status status = Furnish(hostname);
  if (!status.ok()) {
    (void)socket.Send(container::SyncKind::kFailed, status.message());
    ::_exit(1);
  }
  (void)socket.Send(container::SyncKind::kReady);
  (void)socket.Receive();  // nothing ever comes but the end
  ::_exit(0);
}

absl::StatusOr<container::NamespacePlan> PlanOf(const base::UniqueFd& network) {
  container::NamespacePlan plan;
  plan.fresh = kFresh;
  if (!network.ok()) {
    plan.fresh |= CLONE_NEWNET;
    return plan;
  }
  base::UniqueFd copy(::fcntl(network.get(), F_DUPFD_CLOEXEC, 3));
  if (!copy.ok()) return base::ErrnoStatus(errno, "the guest's network namespace");
  plan.joins.push_back({.flag = CLONE_NEWNET, .type = "network", .fd = std::move(copy)});
  return plan;
}

}  // namespace

GuestKeeper::GuestKeeper(pid_t pid, base::UniqueFd life, base::UniqueFd pid_namespace)
    : pid_(pid), life_(std::move(life)), pid_namespace_(std::move(pid_namespace)) {}

absl::StatusOr<std::unique_ptr<GuestKeeper>> GuestKeeper::Start(base::ChildReaper& reaper,
                                                                const std::string& hostname,
                                                                const base::UniqueFd& network) {
  ASSIGN_OR_RETURN(auto sockets, container::SyncSocket::MakePair());
  ASSIGN_OR_RETURN(const container::NamespacePlan plan, PlanOf(network));
  ASSIGN_OR_RETURN(const pid_t pid, container::ForkInto(plan, [&] {
                     sockets.first.Close();
                     KeepGuest(hostname, sockets.second);
                   }));
  sockets.second.Close();
  base::UniqueFd life(::fcntl(sockets.first.fd().get(), F_DUPFD_CLOEXEC, 3));
  std::unique_ptr<GuestKeeper> keeper(new GuestKeeper(pid, std::move(life), base::UniqueFd()));
  GuestKeeper* self = keeper.get();
  keeper->watch_ = reaper.OnExit(pid, [self](const base::ExitStatus&) { self->gone_ = true; });
  RETURN_IF_ERROR(
      base::Annotate(sockets.first.Expect(container::SyncKind::kReady), "make the guest"));
  keeper->pid_namespace_.reset(::open(keeper->NamespacePath("pid").c_str(), O_RDONLY | O_CLOEXEC));
  if (!keeper->pid_namespace_.ok()) return base::ErrnoStatus(errno, "the guest's pid namespace");
  return keeper;
}

GuestKeeper::~GuestKeeper() {
  if (!gone_) KillAndReap(pid_, watch_);
}

std::string GuestKeeper::NamespacePath(const std::string& type) const {
  return absl::StrCat("/proc/", pid_, "/ns/", type == "network" ? "net" : type);
}

absl::Status GuestKeeper::Confine(container::NamespacePlan& plan) const {
  base::UniqueFd copy(::fcntl(pid_namespace_.get(), F_DUPFD_CLOEXEC, 3));
  if (!copy.ok()) return base::ErrnoStatus(errno, "the guest's pid namespace");
  plan.joins.push_back({.flag = CLONE_NEWPID, .type = "pid", .fd = std::move(copy)});
  return absl::OkStatus();
}

}  // namespace fakes
