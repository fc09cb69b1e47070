// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/guest_signals.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

#include "base/status_macros.h"
#include "container/sync_socket.h"
#include "reference-shim/stage/stage_plan.h"

namespace stage {
namespace {

// On the way out the sanitizers look at /proc, which the process of a guest does not have.
#define SIGNAL_HANDLER __attribute__((no_sanitize("address", "undefined")))

// A handler is told nothing but the number.
std::atomic<int> timeout_report{-1};

SIGNAL_HANDLER void End(int code) {
  for (;;) ::syscall(SYS_exit_group, code);
}

SIGNAL_HANDLER void EndOnSignal(int signo) { End(128 + signo); }

// A write that nobody reads any more is an error the guest is told of; the kernel names the writer
// as the sender. From others it is a signal like any other.
SIGNAL_HANDLER void EndUnlessOwn(int signo, siginfo_t* info, void*) {
  if (info->si_pid != ::getpid()) End(128 + signo);
}

SIGNAL_HANDLER void EndOnTimeout(int) {
  constexpr char kWords[] =
      "e"
      "the guest was ended: it ran longer than it may\n";
  static_assert(kWords[0] == static_cast<char>(container::SyncKind::kEnded));
  (void)::send(timeout_report.load(), kWords, sizeof(kWords) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  pollfd ready{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0) {
    (void)!::write(STDERR_FILENO, kWords + 1, sizeof(kWords) - 2);
  }
  End(kTrapExitCode);
}

absl::Status Handle(int signo, struct sigaction action) {
  ::sigfillset(&action.sa_mask);
  action.sa_flags |= SA_RESTART | SA_ONSTACK;
  if (::sigaction(signo, &action, nullptr) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, "sigaction");
}

}  // namespace

absl::Status EndOnSignals() {
  struct sigaction end {};
  end.sa_handler = &EndOnSignal;
  for (const int signo : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) RETURN_IF_ERROR(Handle(signo, end));
  struct sigaction pipe {};
  pipe.sa_sigaction = &EndUnlessOwn;
  pipe.sa_flags = SA_SIGINFO;
  return Handle(SIGPIPE, pipe);
}

absl::Status EndAfter(std::uint64_t ms, int report_fd) {
  if (ms == 0) return absl::OkStatus();
  timeout_report = report_fd;
  struct sigaction end {};
  end.sa_handler = &EndOnTimeout;
  RETURN_IF_ERROR(Handle(SIGALRM, end));
  const itimerval once{.it_interval = {},
                       .it_value = {.tv_sec = static_cast<time_t>(ms / 1000),
                                    .tv_usec = static_cast<suseconds_t>(ms % 1000 * 1000)}};
  if (::setitimer(ITIMER_REAL, &once, nullptr) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, "setitimer");
}

}  // namespace stage
