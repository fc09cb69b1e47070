// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/forked_step.h"

#include <absl/strings/str_cat.h>

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

void ForkedStep::Finish(absl::Status status) {
  limit_.Clear();
  std::exchange(done_, nullptr)(std::move(status));  // may destroy this
}

}  // namespace shim
