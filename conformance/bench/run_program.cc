// SPDX-License-Identifier: Apache-2.0
#include "conformance/bench/run_program.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/spawn.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace conformance {
namespace {

constexpr std::size_t kOutputMax = 1U << 20;
constexpr int kGraceMs = 5000;  // from SIGTERM to SIGKILL

class Running {
 public:
  Running(base::Child child, base::UniqueFd output)
      : child_(std::move(child)), output_(std::move(output)) {}

  // Until the process has ended; what it left behind may hold its output open for ever.
  absl::StatusOr<ProgramEnd> Await(benchmarks::Interrupts* interrupts) {
    bool cancelled = false;
    while (true) {
      pollfd fds[] = {{.fd = child_.pidfd.get(), .events = POLLIN, .revents = 0},
                      {.fd = open_ ? output_.get() : -1, .events = POLLIN, .revents = 0},
                      {.fd = interrupts == nullptr || cancelled ? -1 : interrupts->fd(),
                       .events = POLLIN,
                       .revents = 0}};
      const int ready = ::poll(fds, 3, cancelled ? kGraceMs : -1);
      if (ready < 0 && errno != EINTR) return base::ErrnoStatus(errno, "poll");
      if (ready == 0) ::kill(-child_.pid, SIGKILL);
      Drain();
      if (fds[0].revents != 0) return End(cancelled);
      if (!cancelled && interrupts != nullptr && interrupts->Seen()) {
        cancelled = true;
        ::kill(-child_.pid, SIGTERM);
      }
    }
  }

 private:
  void Drain() {
    char buffer[4096];
    ssize_t count = 0;
    while ((count = ::read(output_.get(), buffer, sizeof buffer)) > 0) {
      text_.append(buffer, static_cast<std::size_t>(count));
      if (text_.size() > 2 * kOutputMax) text_.erase(0, text_.size() - kOutputMax);
    }
    if (count == 0) open_ = false;
  }

  absl::StatusOr<ProgramEnd> End(bool cancelled) {
    // Until the reap below nobody else can have its id, nor that of its group.
    if (cancelled) ::kill(-child_.pid, SIGKILL);
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(child_.pid), &info, WEXITED) != 0) {
      if (errno != EINTR) return base::ErrnoStatus(errno, "waitid");
    }
    Drain();
    if (cancelled) return absl::CancelledError("interrupted");
    if (text_.size() > kOutputMax) text_.erase(0, text_.size() - kOutputMax);
    return ProgramEnd{.exit = base::ExitStatusOf(info), .output = std::move(text_)};
  }

  base::Child child_;
  base::UniqueFd output_;
  bool open_ = true;
  std::string text_;
};

}  // namespace

absl::StatusOr<ProgramEnd> RunProgram(const std::vector<std::string>& argv,
                                      const std::string& directory,
                                      benchmarks::Interrupts* interrupts) {
  if (interrupts != nullptr && interrupts->Seen()) return absl::CancelledError("interrupted");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe2");
  base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  if (::fcntl(read_end.get(), F_SETFL, O_NONBLOCK) != 0) return base::ErrnoStatus(errno, "fcntl");
  base::SpawnSpec spec{.path = argv.front(), .argv = argv, .cwd = directory};
  spec.fds = {{.source = write_end.get(), .target = STDOUT_FILENO},
              {.source = write_end.get(), .target = STDERR_FILENO}};
  spec.parent_death_signal = SIGKILL;
  ASSIGN_OR_RETURN(base::Child child, base::Spawn(spec));
  write_end.reset();
  return Running(std::move(child), std::move(read_end)).Await(interrupts);
}

}  // namespace conformance
