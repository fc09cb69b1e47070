// SPDX-License-Identifier: Apache-2.0
#include "base/fork.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

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

void ResetSignals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signo = 1; signo < NSIG; ++signo) ::sigaction(signo, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Sources go above every target first, so that no dup overwrites one that is still needed.
bool InstallOnly(std::vector<FdMapping> fds) {
  int highest = STDERR_FILENO;
  for (const FdMapping& mapping : fds) highest = std::max(highest, mapping.target);
  for (FdMapping& mapping : fds) {
    if (mapping.source > highest) continue;
    mapping.source = ::fcntl(mapping.source, F_DUPFD_CLOEXEC, highest + 1);
    if (mapping.source < 0) return false;
  }
  for (const FdMapping& mapping : fds) {
    if (::dup2(mapping.source, mapping.target) < 0) return false;
  }
  // Wherever the first of these lies, it is overwritten or closed below.
  const int any = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int null = ::fcntl(any, F_DUPFD_CLOEXEC, highest + 1);
  if (null < 0) return false;
  for (int fd = 0; fd <= highest; ++fd) {
    if (std::any_of(fds.begin(), fds.end(), [fd](const auto& m) { return m.target == fd; })) {
      continue;
    }
    if (fd > STDERR_FILENO) {
      ::close(fd);
    } else if (::dup2(null, fd) < 0) {
      return false;
    }
  }
  CloseFrom(highest + 1);
  return true;
}

bool Become(const SpawnSpec& spec) {
  ResetSignals();
  if (spec.group == SpawnSpec::Group::kSession && ::setsid() < 0) return false;
  if (spec.group == SpawnSpec::Group::kOwn && ::setpgid(0, 0) != 0) return false;
  return InstallOnly(spec.fds) && (spec.cwd.empty() || ::chdir(spec.cwd.c_str()) == 0);
}

[[noreturn]] void ChildMain(pid_t parent, int complaint, absl::FunctionRef<absl::Status()> body) {
  ::setpgid(0, 0);
  // The parent may have died before the request was made.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || ::getppid() != parent) ::_exit(127);
  ResetSignals();
  const int out = KeepOnly(complaint);
  if (::chdir("/") != 0) ::_exit(127);
  const absl::Status status = body();
  const std::string message(status.message().substr(0, kForkComplaintBytesMax));
  // Fits into the pipe, whoever reads.
  if (::write(out, message.data(), message.size()) < 0) ::_exit(127);
  ::_exit(static_cast<int>(status.code()));
}

// The child that fork(2) has returned. Killed and reaped if there can be no handle of it.
absl::StatusOr<Child> Own(pid_t pid) {
  absl::StatusOr<UniqueFd> pidfd = OpenPidfd(pid);
  if (pidfd.ok()) return Child{.pid = pid, .pidfd = *std::move(pidfd)};
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return pidfd.status();
}

}  // namespace

absl::StatusOr<Fork> RunInFork(absl::FunctionRef<absl::Status()> body) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return ErrnoStatus(errno, "pipe2");
  Fork fork;
  fork.complaint.reset(ends[0]);
  const UniqueFd complaint(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return ErrnoStatus(errno, "fork");
  if (pid == 0) ChildMain(parent, complaint.get(), body);
  ASSIGN_OR_RETURN(fork.child, Own(pid));
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

absl::StatusOr<Child> ForkAs(const SpawnSpec& spec) {
  if (spec.parent_death_signal != 0 || spec.namespaces != 0 || spec.pid_namespace >= 0 ||
      spec.network_namespace >= 0) {
    return absl::InvalidArgumentError("fork: a death signal and namespaces are for programs");
  }
  const pid_t pid = ::fork();
  if (pid < 0) return ErrnoStatus(errno, "fork");
  if (pid > 0) return Own(pid);
  if (!Become(spec)) ::_exit(127);
  return Child{.pid = 0, .pidfd = UniqueFd()};
}

}  // namespace base
