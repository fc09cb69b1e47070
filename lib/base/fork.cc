// SPDX-License-Identifier: Apache-2.0
#include "base/fork.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "base/limits.h"
#include "base/pidfd.h"
#include "base/status_macros.h"

namespace base {
namespace {

void CloseFrom(int first) {
#ifdef SYS_close_range
  if (::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, 0U) == 0) return;
#endif
  struct rlimit limit {};  // before Linux 5.9
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  for (int fd = first; static_cast<rlim_t>(fd) < limit.rlim_cur; ++fd) ::close(fd);
}

// `complaint` becomes the only descriptor beside 0, 1 and 2, with the number returned.
int KeepOnly(int complaint) {
  constexpr int kKept = 3;
  if (complaint != kKept && ::dup2(complaint, kKept) < 0) ::_exit(127);
  CloseFrom(kKept + 1);
  const int null = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; ++fd) {
    if (null >= 0 && null != fd) ::dup2(null, fd);
  }
  if (null > kKept) ::close(null);
  return kKept;
}

[[noreturn]] void ChildMain(pid_t parent, int complaint, absl::FunctionRef<absl::Status()> body) {
  ::setpgid(0, 0);
  // The parent may have died before the request was made.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || ::getppid() != parent) ::_exit(127);
  for (int signo = 1; signo < NSIG; ++signo) ::signal(signo, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int out = KeepOnly(complaint);
  if (::chdir("/") != 0) ::_exit(127);
  const absl::Status status = body();
  const std::string message(status.message().substr(0, kForkComplaintBytesMax));
  // Fits into the pipe, whoever reads.
  if (::write(out, message.data(), message.size()) < 0) ::_exit(127);
  ::_exit(static_cast<int>(status.code()));
}

}  // namespace

absl::StatusOr<Fork> RunInFork(absl::FunctionRef<absl::Status()> body) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return ErrnoStatus(errno, "pipe2");
  Fork fork;
  fork.complaint.reset(ends[0]);
  const UniqueFd complaint(ends[1]);
  const pid_t parent = ::getpid();
  fork.child.pid = ::fork();
  if (fork.child.pid < 0) return ErrnoStatus(errno, "fork");
  if (fork.child.pid == 0) ChildMain(parent, complaint.get(), body);
  absl::StatusOr<UniqueFd> pidfd = OpenPidfd(fork.child.pid);
  if (!pidfd.ok()) {
    ::kill(fork.child.pid, SIGKILL);
    while (::waitpid(fork.child.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return pidfd.status();
  }
  fork.child.pidfd = *std::move(pidfd);
  return fork;
}

absl::Status ForkResult(const Fork& fork, const ExitStatus& exit) {
  if (exit.signal == 0 && exit.code == 0) return absl::OkStatus();
  std::string complaint(kForkComplaintBytesMax, '\0');
  const ssize_t got = ::read(fork.complaint.get(), complaint.data(), complaint.size());
  complaint.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  // The end of a child that never came to `body`, or did not come back from it.
  if (exit.signal != 0 || exit.code > static_cast<int>(absl::StatusCode::kUnauthenticated)) {
    return absl::InternalError(
        absl::StrCat("the forked process ended with status ", exit.ShellStatus()));
  }
  return absl::Status(static_cast<absl::StatusCode>(exit.code), complaint);
}

}  // namespace base
