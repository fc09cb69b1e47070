// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdlib>
#include <cstring>

#include "fakes/faulty_shim/children.h"
#include "fakes/faulty_shim/needless_work.h"
#include "fakes/faulty_shim/own_children.h"
#include "fakes/faulty_shim/startup_hooks.h"
#include "fakes/faulty_shim/wrapped.h"

// System calls about processes and signals.
namespace fakes {

FAULTY_SHIM_WRAPS(int, Waitid, "waitid", idtype_t type, id_t id, siginfo_t* info, int options);
FAULTY_SHIM_WRAPS(ssize_t, Read, "read", int fd, void* bytes, std::size_t size);
FAULTY_SHIM_WRAPS(int, Prctl, "prctl", int option, ...);
FAULTY_SHIM_WRAPS(sighandler_t, Signal, "signal", int signo, sighandler_t handler);
FAULTY_SHIM_WRAPS(int, Kill, "kill", pid_t pid, int signo);
FAULTY_SHIM_WRAPS(void, Exit, "_exit", int code);
FAULTY_SHIM_WRAPS(long, Syscall, "syscall", long number, ...);

Children& ChildrenOfThis() {
  static Children children;
  return children;
}

std::string Children::KindOf(pid_t pid) const {
  if (verbs.count(pid) > 0) return "spawned";
  if (spawned.count(pid) > 0) return "helper";
  return followed.count(pid) > 0 ? "adopted" : "orphan";
}

namespace {

constexpr int kSchedCore = 62;  // PR_SCHED_CORE, missing in older C library headers

// The look at whoever has ended, past those that are never going to be reaped.
int PeekAtOthers(const Children& children, siginfo_t* info, int options) {
  for (const pid_t pid : ListChildren()) {
    if (children.left.count(pid) > 0) continue;
    const int result = RealWaitid(P_PID, static_cast<id_t>(pid), info, options);
    if (result != 0 || info->si_pid != 0) return result;
  }
  *info = siginfo_t{};
  return 0;
}

int Peek(Children& children, siginfo_t* info, int options) {
  if (PlanHas("stop", "waitid")) {
    const Rule* rule = children.peeked == 0 ? Fire("stop", "waitid") : nullptr;
    if (rule != nullptr) children.peeks_max = rule->Number("max");
    if (children.peeks_max > 0 && children.peeked >= children.peeks_max) {
      *info = siginfo_t{};
      return 0;
    }
  }
  const int result = children.left.empty() ? RealWaitid(P_ALL, 0, info, options)
                                           : PeekAtOthers(children, info, options);
  const bool idle = result != 0 || info->si_pid == 0;
  if (idle && children.peeked == 0 && children.last > 0 && Fire("invent", "waitid") != nullptr) {
    info->si_pid = std::exchange(children.last, 0);
    info->si_code = CLD_EXITED;
    info->si_status = 0;
    return 0;
  }
  if (idle) return result;
  ++children.peeked;
  const auto verb = children.verbs.find(info->si_pid);
  if (verb != children.verbs.end() &&
      Fire("forge", "waitid", {{"verb", verb->second}}) != nullptr) {
    info->si_code = CLD_EXITED;
    info->si_status = 0;
  }
  return result;
}

}  // namespace

int WrapWaitid(idtype_t type, id_t id, siginfo_t* info, int options) {
  Children& children = ChildrenOfThis();
  if (type == P_ALL) return Peek(children, info, options);
  if ((options & WNOWAIT) != 0 || !PlanHas("leave", "waitid")) {
    return RealWaitid(type, id, info, options);
  }
  const auto pid = static_cast<pid_t>(id);
  if (Fire("leave", "waitid", {{"child", children.KindOf(pid)}}) == nullptr) {
    return RealWaitid(type, id, info, options);
  }
  children.left.insert(pid);
  return 0;
}

namespace {

// As if the signal had never been blocked.
void DieOf(int signo) {
  RealSignal(signo, SIG_DFL);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signo);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signo);
}

// Whoever has ended by now is never going to be noticed.
void IgnoreZombies() {
  for (const pid_t pid : ListChildren()) {
    siginfo_t info{};
    const int result =
        RealWaitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
    if (result == 0 && info.si_pid == pid) ChildrenOfThis().left.insert(pid);
  }
}

// Each SIGCHLD begins a new round of waitid.
void TakeSignals(void* infos, std::size_t size) {
  ChildrenOfThis().peeked = 0;
  for (std::size_t at = 0; at < size; at += sizeof(signalfd_siginfo)) {
    signalfd_siginfo info{};
    std::memcpy(&info, static_cast<char*>(infos) + at, sizeof(info));
    const int signo = static_cast<int>(info.ssi_signo);
    const FaultPlan::Facts facts = {{"signal", absl::StrCat(signo)}};
    if (Fire("die", "watched-signal", facts) != nullptr) DieOf(signo);
    if (Fire("lose", "watched-signal", facts) != nullptr) {
      info.ssi_signo = SIGUSR1;  // which asks for no more than lines of log
      std::memcpy(static_cast<char*>(infos) + at, &info, sizeof(info));
    }
    if (signo == SIGCHLD && Fire("lose", "sigchld") != nullptr) IgnoreZombies();
  }
}

}  // namespace

ssize_t WrapRead(int fd, void* bytes, std::size_t size) {
  const ssize_t got = RealRead(fd, bytes, size);
  if (got > 0 && size % sizeof(signalfd_siginfo) == 0 && CurrentPlan() != nullptr &&
      FactsOf(fd)["path"] == "anon_inode:[signalfd]") {
    TakeSignals(bytes, static_cast<std::size_t>(got));
    return got;
  }
  if (got == 0 && size == 1 && PlanHas("invent", "read") &&
      Fire("invent", "read", FactsOf(fd)) != nullptr) {
    *static_cast<char*>(bytes) = 'x';
    return 1;
  }
  return got;
}

int WrapPrctl(int option, ...) {
  va_list arguments;
  va_start(arguments, option);
  unsigned long values[4];
  for (unsigned long& value : values) value = va_arg(arguments, unsigned long);
  va_end(arguments);
  const char* name = option == PR_SET_CHILD_SUBREAPER ? "subreaper"
                     : option == kSchedCore           ? "sched-core"
                                                      : nullptr;
  if (name != nullptr && Fire("skip", "prctl", {{"option", name}}) != nullptr) return 0;
  return RealPrctl(option, values[0], values[1], values[2], values[3]);
}

sighandler_t WrapSignal(int signo, sighandler_t handler) {
  if (signo == SIGPIPE && handler == SIG_IGN && Fire("skip", "signal") != nullptr) return SIG_DFL;
  return RealSignal(signo, handler);
}

int WrapKill(pid_t pid, int signo) {
  return Fire("skip", "kill") != nullptr ? 0 : RealKill(pid, signo);
}

void WrapExit(int code) {
  if (Fire("kill", "_exit") != nullptr) {
    for (const pid_t pid : ChildrenOfThis().followed) RealKill(pid, SIGKILL);
  }
  RunHooksAtEnd();
  StretchCommand();
  RealExit(code);
}

// Also called by a child that shares our memory until it executes a program; none of the calls that
// it makes is one that rules are about. The sanitizers take the memory for that of one process, and
// arguments that are read though nobody passed them for a mistake.
__attribute__((no_sanitize("address", "undefined"))) long WrapSyscall(long number, ...) {
  va_list arguments;
  va_start(arguments, number);
  long values[6];
  for (long& value : values) value = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_pidfd_send_signal &&
      Fire("skip", "pidfd-signal", {{"signal", absl::StrCat(values[1])}}) != nullptr) {
    return 0;
  }
  const long result =
      RealSyscall(number, values[0], values[1], values[2], values[3], values[4], values[5]);
  if (number == SYS_pidfd_open && result >= 0) {
    ChildrenOfThis().followed.insert(static_cast<pid_t>(values[0]));
    ChildrenOfThis().last = static_cast<pid_t>(values[0]);
  }
  return result;
}

}  // namespace fakes
