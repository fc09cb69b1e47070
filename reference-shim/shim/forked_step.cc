// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/forked_step.h"

#include <absl/strings/str_cat.h>
#include <poll.h>
#include <sys/wait.h>

#include <csignal>
#include <utility>

#include "base/pidfd.h"

namespace shim {

ForkedStep::ForkedStep(boost::asio::io_context& loop, base::ChildReaper& reaper)
    : reaper_(reaper), limit_(loop) {}

// The exit of one that is killed here is reaped as an orphan's.
ForkedStep::~ForkedStep() {
  if (running_) base::SendSignal(fork_.child.pidfd, SIGKILL).IgnoreError();
}

void ForkedStep::Run(const char* what, std::chrono::milliseconds timeout,
                     absl::FunctionRef<absl::Status()> body, Done<> done) {
  what_ = what;
  done_ = std::move(done);
  absl::StatusOr<base::Fork> fork = base::RunInFork(body);
  if (!fork.ok()) {
    limit_.Set(std::chrono::milliseconds(0), [this, status = fork.status()] { Finish(status); });
    return;
  }
  fork_ = *std::move(fork);
  running_ = true;
  exit_ = reaper_.OnExit(fork_.child.pid, [this](const base::ExitStatus& status) {
    running_ = false;
    Finish(base::ForkResult(fork_, status));
  });
  limit_.Set(timeout, [this] {
    exit_ = {};  // which would answer a second time
    Finish(absl::DeadlineExceededError(absl::StrCat(what_, " took too long")));
  });
}

absl::Status ForkedStep::Await(std::chrono::milliseconds timeout) {
  limit_.Clear();
  exit_ = {};
  if (!running_) return absl::UnavailableError(absl::StrCat(what_, " has not begun"));
  struct pollfd ended = {.fd = fork_.child.pidfd.get(), .events = POLLIN, .revents = 0};
  siginfo_t info{};
  // Reaping it is up to the reaper.
  if (::poll(&ended, 1, static_cast<int>(timeout.count())) <= 0 ||
      ::waitid(P_PID, static_cast<id_t>(fork_.child.pid), &info, WEXITED | WNOHANG | WNOWAIT) !=
          0) {
    return absl::DeadlineExceededError(absl::StrCat(what_, " took too long"));
  }
  running_ = false;
  return base::ForkResult(fork_, base::ExitStatusOf(info));
}

void ForkedStep::Finish(absl::Status status) {
  limit_.Clear();
  std::exchange(done_, nullptr)(std::move(status));  // may destroy this
}

}  // namespace shim
