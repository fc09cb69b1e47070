// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/nested_fork.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace fakes {
namespace {

constexpr int kForked = 0;  // what the new process reports; else the errno of the fork

// In the process between: its child becomes ours, beside it.
void ForkAside(int fresh, int report, absl::FunctionRef<void()> body) {
  const long pid =
      ::syscall(SYS_clone, CLONE_PARENT | fresh | SIGCHLD, nullptr, nullptr, nullptr, 0UL);
  if (pid > 0) return;
  const int result = pid < 0 ? errno : kForked;
  (void)::send(report, &result, sizeof(result), MSG_NOSIGNAL);
  if (pid < 0) return;
  ::close(report);
  body();
  ::_exit(1);
}

// The kernel says who sent it, in the numbers of the receiver.
absl::StatusOr<pid_t> TakeReport(const base::UniqueFd& socket) {
  int result = 0;
  iovec data{.iov_base = &result, .iov_len = sizeof(result)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t got = 0;
  while ((got = ::recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (got != static_cast<ssize_t>(sizeof(result))) {
    return absl::InternalError("the process that forks in the guest was killed");
  }
  if (result != kForked) return base::ErrnoStatus(result, "fork in the guest");
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_CREDENTIALS) {
    return absl::InternalError("the process forked in the guest did not say its pid");
  }
  ucred sender{};
  std::memcpy(&sender, CMSG_DATA(header), sizeof(sender));
  return sender.pid;
}

}  // namespace

absl::StatusOr<pid_t> ForkNested(container::NamespacePlan plan, absl::FunctionRef<void()> body) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return base::ErrnoStatus(errno, "socketpair");
  }
  const base::UniqueFd ours(ends[0]);
  base::UniqueFd theirs(ends[1]);
  const int on = 1;
  if (::setsockopt(ours.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0) {
    return base::ErrnoStatus(errno, "SO_PASSCRED");
  }
  const int fresh = std::exchange(plan.fresh, 0);
  ASSIGN_OR_RETURN(const pid_t between, container::ForkInto(plan, [&] {
                     ForkAside(fresh, theirs.get(), body);
                     ::_exit(0);
                   }));
  theirs.reset();
  const absl::StatusOr<pid_t> pid = TakeReport(ours);
  while (::waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
  }
  return pid;
}

}  // namespace fakes
