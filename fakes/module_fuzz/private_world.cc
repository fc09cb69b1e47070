// SPDX-License-Identifier: Apache-2.0
#include "fakes/module_fuzz/private_world.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "base/status_macros.h"

namespace fakes {
namespace {

constexpr int kNoWorld = 2;

bool MakeMounts() {
  const unsigned long flags = MS_NOSUID | MS_NODEV;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  if (::mount("proc", "/proc", "proc", flags | MS_NOEXEC, nullptr) != 0) return false;
  return ::mount("tmpfs", "/run", "tmpfs", flags, "mode=0755") == 0;
}

[[noreturn]] void Enter(absl::FunctionRef<int()> body) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const struct rlimit no_core {};
  ::setrlimit(RLIMIT_CORE, &no_core);
  if (!MakeMounts()) {
    std::perror("a /proc and a /run of its own");
    ::_exit(kNoWorld);
  }
  const int code = body();
  std::fflush(nullptr);
  ::_exit(code);
}

}  // namespace

absl::StatusOr<int> RunInPrivateWorld(absl::FunctionRef<int()> body) {
  // As fork(2) does it: without a stack of its own the child goes on with a copy of ours.
  const unsigned long flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | SIGCHLD;
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone, flags, 0, 0, 0, 0));
  if (pid < 0) return base::ErrnoStatus(errno, "make namespaces");
  if (pid == 0) Enter(body);
  int status = 0;
  while (::waitpid(pid, &status, 0) != pid) {
    if (errno != EINTR) return base::ErrnoStatus(errno, "waitpid");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace fakes
