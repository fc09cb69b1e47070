// SPDX-License-Identifier: Apache-2.0
#include "base/pidfd.h"

#include <absl/strings/str_cat.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/status_macros.h"

namespace base {

// Raw system calls: the C library offers wrappers since 2.36 only, clashing with <linux/pidfd.h>.

absl::StatusOr<UniqueFd> OpenPidfd(pid_t pid) {
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd.ok()) return ErrnoStatus(errno, absl::StrCat("pidfd_open ", pid));
  return pidfd;
}

absl::Status SendSignal(const UniqueFd& pidfd, int signo) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signo, nullptr, 0) != 0) {
    return ErrnoStatus(errno, absl::StrCat("pidfd_send_signal ", signo));
  }
  return absl::OkStatus();
}

bool HasExited(const UniqueFd& pidfd) {
  pollfd poll_fd{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  while (::poll(&poll_fd, 1, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return poll_fd.revents != 0;
}

}  // namespace base
