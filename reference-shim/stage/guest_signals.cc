// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/guest_signals.h"

#include <sys/socket.h>
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

// A handler is told nothing but the number.
std::atomic<int> timeout_report{-1};

void EndOnSignal(int signo) { ::_exit(128 + signo); }

void EndOnTimeout(int) {
  constexpr char kWords[] =
      "e"
      "the guest was ended: it ran longer than it may";
  static_assert(kWords[0] == static_cast<char>(container::SyncKind::kEnded));
  (void)::send(timeout_report.load(), kWords, sizeof(kWords) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  ::_exit(kTrapExitCode);
}

absl::Status Handle(int signo, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigfillset(&action.sa_mask);
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  if (::sigaction(signo, &action, nullptr) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, "sigaction");
}

}  // namespace

absl::Status EndOnSignals() {
  for (const int signo : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
    RETURN_IF_ERROR(Handle(signo, &EndOnSignal));
  }
  return Handle(SIGPIPE, SIG_IGN);
}

absl::Status EndAfter(std::uint64_t ms, int report_fd) {
  if (ms == 0) return absl::OkStatus();
  timeout_report = report_fd;
  RETURN_IF_ERROR(Handle(SIGALRM, &EndOnTimeout));
  const itimerval once{.it_interval = {},
                       .it_value = {.tv_sec = static_cast<time_t>(ms / 1000),
                                    .tv_usec = static_cast<suseconds_t>(ms % 1000 * 1000)}};
  if (::setitimer(ITIMER_REAL, &once, nullptr) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, "setitimer");
}

}  // namespace stage
