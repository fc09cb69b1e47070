// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/logger.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "reference-shim/shim/limits.h"

namespace shim {
namespace {

// IO-22: each key and each value is an argument of its own, empty ones too.
std::vector<std::string> Arguments(const StdioUri& uri) {
  std::vector<std::string> argv = {uri.path};
  for (const auto& [key, value] : uri.query) {
    argv.push_back(key);
    argv.push_back(value);
  }
  return argv;
}

}  // namespace

Logger::Logger(boost::asio::io_context& loop, base::ChildReaper& reaper)
    : reaper_(reaper), ready_pipe_(loop), deadline_(loop) {}

Logger::~Logger() { Send(SIGKILL); }

void Logger::Start(const LoggerSpec& spec, int out, int err, Done<> ready) {
  uri_ = spec.uri;
  ready_ = std::move(ready);
  if (absl::Status status = Spawn(spec, out, err); !status.ok()) {
    deadline_.Set(std::chrono::milliseconds(0), [this, status] { ReportReady(status); });
    return;
  }
  AwaitReady();
  deadline_.Set(kLoggerReadyTimeout, [this] {
    ReportReady(absl::DeadlineExceededError(
        absl::StrCat("logger ", uri_.path, " did not report ready in time")));
  });
}

absl::Status Logger::Spawn(const LoggerSpec& spec, int out, int err) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return base::ErrnoStatus(errno, "pipe2");
  base::UniqueFd read_end(ends[0]);
  const base::UniqueFd write_end(ends[1]);
  base::SpawnSpec program;
  program.path = spec.uri.path;
  program.argv = Arguments(spec.uri);
  program.env = std::vector<std::string>{absl::StrCat("CONTAINER_ID=", spec.id),
                                         absl::StrCat("CONTAINER_NAMESPACE=", spec.namespace_name)};
  program.fds = {{.source = out, .target = 3},
                 {.source = err, .target = 4},
                 {.source = write_end.get(), .target = 5}};
  absl::StatusOr<base::Child> child = base::Spawn(program);
  if (!child.ok()) {
    return base::Annotate(child.status(), absl::StrCat("logger \"", spec.uri.path, "\""));
  }
  child_ = *std::move(child);
  running_ = true;
  exit_ = reaper_.OnExit(child_.pid, [this](const base::ExitStatus&) { OnExit(); });
  boost::system::error_code error;
  ready_pipe_.assign(read_end.get(), error);
  if (error) return base::ErrnoStatus(error.value(), "watch the logger's ready pipe");
  (void)read_end.release();  // ready_pipe_ owns it now
  return absl::OkStatus();
}

void Logger::AwaitReady() {
  ready_pipe_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         guard_.Wrap([this](const boost::system::error_code& error) {
                           if (!error) OnReadable();
                         }));
}

void Logger::OnReadable() {
  char byte = 0;
  const ssize_t got = ::read(ready_pipe_.native_handle(), &byte, 1);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return AwaitReady();
  if (got == 1 || uri_.scheme == StdioUri::Scheme::kBinary) return ReportReady(absl::OkStatus());
  ReportReady(absl::FailedPreconditionError(
      absl::StrCat("logger ", uri_.path, " closed its ready pipe without reporting ready")));
}

void Logger::ReportReady(absl::Status status) {
  deadline_.Clear();
  boost::system::error_code ignored;
  ready_pipe_.close(ignored);
  // The callback may destroy this object.
  if (ready_) std::exchange(ready_, nullptr)(std::move(status));
}

void Logger::Stop(std::function<void()> ended) {
  ended_ = std::move(ended);
  deadline_.Set(running_ ? kLoggerEndTimeout : std::chrono::milliseconds(0), [this] {
    if (!running_) return OnExit();
    Urge(SIGTERM);
  });
}

void Logger::Urge(int signo) {
  Send(signo);
  if (signo == SIGKILL) return;
  deadline_.Set(kLoggerTermTimeout, [this] { Urge(SIGKILL); });
}

void Logger::OnExit() {
  running_ = false;
  // Not while it is still to report ready: closing the pipe says how that ended.
  if (!ended_) return;
  deadline_.Clear();
  std::exchange(ended_, nullptr)();
}

void Logger::Send(int signo) {
  if (!running_) return;
  // It may have gone meanwhile; then there is nobody left to urge.
  base::SendSignal(child_.pidfd, signo).IgnoreError();
}

}  // namespace shim
