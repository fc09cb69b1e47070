// SPDX-License-Identifier: Apache-2.0
#include "base/spawn.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/string_view.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "base/limits.h"
#include "base/status_macros.h"

#ifndef CLONE_PIDFD  // since Linux 5.2; missing in older C library headers
#define CLONE_PIDFD 0x00001000
#endif

// Between clone and execve the child runs in the parent's memory, on a stack that the sanitizers do
// not know and while their own state is shared: such code must not be instrumented. It makes raw
// system calls for the same reason, since the wrappers may be intercepted.
#define SPAWN_CHILD_CODE __attribute__((no_sanitize("address", "undefined")))

namespace base {
namespace {

constexpr std::size_t kKernelSigsetBytes = 8;  // the kernel's sigset_t, not the C library's
constexpr int kSignalMax = 64;
constexpr int kNamespaceFlags = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS |
                                CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS;

enum class Step {
  kNone,
  kSignals,
  kSetsid,
  kSetpgid,
  kDeathSignal,
  kNetworkNamespace,
  kMoveFd,
  kDup,
  kChdir,
  kExecve
};

// All the child needs, prepared while allocating was still possible; `fds` it may write to.
struct ChildPlan {
  const char* path = nullptr;
  char* const* argv = nullptr;
  char* const* envp = nullptr;
  const char* cwd = nullptr;
  FdMapping* fds = nullptr;
  std::size_t fd_count = 0;
  int highest_target = 2;
  SpawnSpec::Group group = SpawnSpec::Group::kOwn;
  int death_signal = 0;
  int namespaces = 0;
  int pid_namespace = -1;
  int network_namespace = -1;
  pid_t parent = -1;

  // The child's answer if it fails.
  Step failed_step = Step::kNone;
  int error_number = 0;
  int failed_fd = -1;  // the mapping's target, for kMoveFd and kDup
};

[[noreturn]] SPAWN_CHILD_CODE void FailChild(ChildPlan* plan, Step step, int fd = -1) {
  plan->error_number = errno;
  plan->failed_fd = fd;
  plan->failed_step = step;
  for (;;) ::syscall(SYS_exit_group, 127);
}

// execve would reset handlers, but a handler must not run in the shared memory once the mask is
// open; ignored signals would stay ignored.
SPAWN_CHILD_CODE void ResetDispositions(ChildPlan* plan) {
  const std::uint64_t default_action[4] = {};  // struct sigaction as the kernel has it: SIG_DFL
  for (int signo = 1; signo <= kSignalMax; ++signo) {
    if (signo == SIGKILL || signo == SIGSTOP) continue;
    if (::syscall(SYS_rt_sigaction, signo, default_action, nullptr, kKernelSigsetBytes) != 0) {
      FailChild(plan, Step::kSignals);
    }
  }
}

// Sources go above every target first, so that no dup overwrites one that is still needed.
SPAWN_CHILD_CODE void InstallFds(ChildPlan* plan) {
  for (std::size_t i = 0; i < plan->fd_count; ++i) {
    FdMapping* mapping = &plan->fds[i];
    if (mapping->source > plan->highest_target) continue;
    const long moved =
        ::syscall(SYS_fcntl, mapping->source, F_DUPFD_CLOEXEC, plan->highest_target + 1);
    if (moved < 0) FailChild(plan, Step::kMoveFd, mapping->target);
    mapping->source = static_cast<int>(moved);
  }
  for (std::size_t i = 0; i < plan->fd_count; ++i) {
    const FdMapping* mapping = &plan->fds[i];
    if (::syscall(SYS_dup3, mapping->source, mapping->target, 0) < 0) {
      FailChild(plan, Step::kDup, mapping->target);
    }
  }
}

SPAWN_CHILD_CODE int ChildMain(void* argument) {
  auto* plan = static_cast<ChildPlan*>(argument);
  ResetDispositions(plan);
  if (plan->group == SpawnSpec::Group::kSession && ::syscall(SYS_setsid) < 0) {
    FailChild(plan, Step::kSetsid);
  }
  if (plan->group == SpawnSpec::Group::kOwn && ::syscall(SYS_setpgid, 0, 0) != 0) {
    FailChild(plan, Step::kSetpgid);
  }
  if (plan->death_signal != 0) {
    if (::syscall(SYS_prctl, PR_SET_PDEATHSIG, plan->death_signal, 0, 0, 0) != 0) {
      FailChild(plan, Step::kDeathSignal);
    }
    // The parent may have died before the line above. 0: it is outside our pid namespace.
    const long parent = ::syscall(SYS_getppid);
    if (parent != plan->parent && parent != 0) {
      for (;;) ::syscall(SYS_exit_group, 127);
    }
  }
  if (plan->network_namespace >= 0 &&
      ::syscall(SYS_setns, plan->network_namespace, CLONE_NEWNET) != 0) {
    FailChild(plan, Step::kNetworkNamespace);
  }
#ifdef SYS_close_range
  // What our own parent leaked to us must not travel on. Best effort (Linux 5.11); ours are
  // CLOEXEC.
  ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
#endif
  InstallFds(plan);
  if (plan->cwd != nullptr && ::syscall(SYS_chdir, plan->cwd) != 0) {
    FailChild(plan, Step::kChdir);
  }
  const std::uint64_t no_signals = 0;
  if (::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &no_signals, nullptr, kKernelSigsetBytes) != 0) {
    FailChild(plan, Step::kSignals);
  }
  ::syscall(SYS_execve, plan->path, plan->argv, plan->envp);
  FailChild(plan, Step::kExecve);
}

std::string Describe(const ChildPlan& plan) {
  switch (plan.failed_step) {
    case Step::kNone:
      break;
    case Step::kSignals:
      return "reset of signals";
    case Step::kSetsid:
      return "setsid";
    case Step::kSetpgid:
      return "setpgid";
    case Step::kDeathSignal:
      return absl::StrCat("prctl PR_SET_PDEATHSIG ", plan.death_signal);
    case Step::kNetworkNamespace:
      return "setns to the network namespace";
    case Step::kMoveFd:
    case Step::kDup:
      return absl::StrCat("dup to descriptor ", plan.failed_fd);
    case Step::kChdir:
      return absl::StrCat("chdir ", plan.cwd);
    case Step::kExecve:
      return absl::StrCat("execve ", plan.path);
  }
  return "spawn";
}

// The child's stack, mapped for one spawn.
class ChildStack {
 public:
  ChildStack()
      : base_(::mmap(nullptr, kSpawnStackBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {}
  ~ChildStack() {
    if (ok()) ::munmap(base_, kSpawnStackBytes);
  }
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;
  [[nodiscard]] bool ok() const { return base_ != MAP_FAILED; }
  [[nodiscard]] void* top() const { return static_cast<char*>(base_) + kSpawnStackBytes; }

 private:
  void* base_;
};

// Holds back every signal, the C library's internal ones too, so that no handler runs while a child
// shares our memory.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    const std::uint64_t all = ~std::uint64_t{0};
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before_, kKernelSigsetBytes);
  }
  ~AllSignalsBlocked() {
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, kKernelSigsetBytes);
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  std::uint64_t before_ = 0;
};

// Makes another pid namespace that of our children, for the time of one clone.
class PidNamespaceForChildren {
 public:
  // -1: nothing changes.
  absl::Status Enter(int wanted) {
    if (wanted < 0) return absl::OkStatus();
    ours_.reset(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
    if (!ours_.ok()) return ErrnoStatus(errno, "open /proc/self/ns/pid");
    if (::setns(wanted, CLONE_NEWPID) == 0) return absl::OkStatus();
    const int error_number = errno;
    ours_.reset();
    return ErrnoStatus(error_number, "setns to the pid namespace");
  }
  PidNamespaceForChildren() = default;
  ~PidNamespaceForChildren() {
    // Every later child would be in the wrong one.
    if (ours_.ok() && ::setns(ours_.get(), CLONE_NEWPID) != 0) std::abort();
  }
  PidNamespaceForChildren(const PidNamespaceForChildren&) = delete;
  PidNamespaceForChildren& operator=(const PidNamespaceForChildren&) = delete;

 private:
  UniqueFd ours_;
};

bool HasNul(const std::string& text) { return text.find('\0') != std::string::npos; }

absl::Status Validate(const SpawnSpec& spec) {
  if (spec.argv.empty()) return absl::InvalidArgumentError("spawn: argv is empty");
  if (HasNul(spec.path) || HasNul(spec.cwd) ||
      std::any_of(spec.argv.begin(), spec.argv.end(), HasNul) ||
      (spec.env && std::any_of(spec.env->begin(), spec.env->end(), HasNul))) {
    return absl::InvalidArgumentError("spawn: NUL byte in path, cwd, argv or environment");
  }
  if ((spec.namespaces & ~kNamespaceFlags) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("spawn: no namespace flags: ", spec.namespaces & ~kNamespaceFlags));
  }
  if (spec.pid_namespace >= 0 && (spec.namespaces & CLONE_NEWPID) != 0) {
    return absl::InvalidArgumentError("spawn: both a new pid namespace and an existing one");
  }
  if (spec.network_namespace >= 0 && (spec.namespaces & CLONE_NEWNET) != 0) {
    return absl::InvalidArgumentError("spawn: both a new network namespace and an existing one");
  }
  std::vector<int> targets;
  for (const FdMapping& mapping : spec.fds) {
    if (mapping.source < 0 || mapping.target < 0 || mapping.target == INT_MAX) {
      return absl::InvalidArgumentError(
          absl::StrCat("spawn: descriptor mapping ", mapping.source, " to ", mapping.target));
    }
    targets.push_back(mapping.target);
  }
  std::sort(targets.begin(), targets.end());
  const auto twice = std::adjacent_find(targets.begin(), targets.end());
  if (twice != targets.end()) {
    return absl::InvalidArgumentError(absl::StrCat("spawn: descriptor ", *twice, " mapped twice"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ResolvePath(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("spawn: path is empty");
  if (path[0] == '/') return path;
  if (path.find('/') != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("spawn: relative path ", path));
  }
  const char* search = std::getenv("PATH");
  bool found_unusable = false;
  for (const absl::string_view directory :
       absl::StrSplit(search != nullptr ? search : "/usr/local/bin:/usr/bin:/bin", ':')) {
    // The child's working directory may differ from ours, so relative entries have no meaning.
    if (directory.empty() || directory[0] != '/') continue;
    std::string candidate = absl::StrCat(directory, "/", path);
    struct stat info {};
    if (::stat(candidate.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (::faccessat(AT_FDCWD, candidate.c_str(), X_OK, AT_EACCESS) == 0) return candidate;
    found_unusable = true;
  }
  return ErrnoStatus(found_unusable ? EACCES : ENOENT, absl::StrCat("search ", path, " in PATH"));
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Adds /dev/null for each of 0, 1, 2 that `fds` leaves open; `null` keeps it alive.
absl::Status FillStandardFds(std::vector<FdMapping>& fds, UniqueFd& null) {
  for (int target = 0; target <= 2; ++target) {
    if (std::any_of(fds.begin(), fds.end(),
                    [target](const FdMapping& mapping) { return mapping.target == target; })) {
      continue;
    }
    if (!null.ok()) null.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null.ok()) return ErrnoStatus(errno, "open /dev/null");
    fds.push_back({.source = null.get(), .target = target});
  }
  return absl::OkStatus();
}

absl::StatusOr<Child> CloneAndExec(ChildPlan& plan) {
  const ChildStack stack;
  if (!stack.ok()) return ErrnoStatus(errno, "mmap of the child's stack");
  int pidfd = -1;
  int clone_error = 0;
  Child child;
  {
    PidNamespaceForChildren pid_namespace;
    RETURN_IF_ERROR(pid_namespace.Enter(plan.pid_namespace));
    const AllSignalsBlocked blocked;
    child.pid =
        ::clone(&ChildMain, stack.top(),
                CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD | plan.namespaces, &plan, &pidfd);
    clone_error = errno;
  }
  if (child.pid < 0) return ErrnoStatus(clone_error, "clone");
  child.pidfd.reset(pidfd);
  if (plan.failed_step != Step::kNone) {
    while (::waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return ErrnoStatus(plan.error_number, Describe(plan));
  }
  return child;
}

}  // namespace

absl::StatusOr<Child> Spawn(const SpawnSpec& spec) {
  RETURN_IF_ERROR(Validate(spec));
  ASSIGN_OR_RETURN(const std::string path, ResolvePath(spec.path));
  std::vector<FdMapping> fds = spec.fds;
  UniqueFd null;
  RETURN_IF_ERROR(FillStandardFds(fds, null));
  const std::vector<char*> argv = Pointers(spec.argv);
  const std::vector<char*> envp = spec.env ? Pointers(*spec.env) : std::vector<char*>();

  ChildPlan plan;
  plan.path = path.c_str();
  plan.argv = argv.data();
  plan.envp = spec.env ? envp.data() : environ;
  plan.cwd = spec.cwd.empty() ? nullptr : spec.cwd.c_str();
  plan.fds = fds.data();
  plan.fd_count = fds.size();
  for (const FdMapping& mapping : fds) {
    plan.highest_target = std::max(plan.highest_target, mapping.target);
  }
  plan.group = spec.group;
  plan.death_signal = spec.parent_death_signal;
  plan.namespaces = spec.namespaces;
  plan.pid_namespace = spec.pid_namespace;
  plan.network_namespace = spec.network_namespace;
  plan.parent = ::getpid();
  return CloneAndExec(plan);
}

}  // namespace base
