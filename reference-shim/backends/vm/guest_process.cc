// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/guest_process.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/vm/limits.h"

namespace backends {
namespace {

constexpr unsigned kUnknownStatus = 255;
constexpr unsigned kKilledStatus = 128 + SIGKILL;

}  // namespace

GuestProcess::GuestProcess(boost::asio::io_context& loop, GuestProcessKey key, pid_t pid,
                           shim::ProcessIo io, shim::ExitCallback on_exit)
    : loop_(loop),
      key_(std::move(key)),
      pid_(pid),
      io_(std::move(io)),
      on_exit_(std::move(on_exit)),
      look_(loop),
      limit_(loop),
      flush_limit_(loop) {}

// The terminal is in the guest. What the shim gets for a console is a stream to it, which cannot be
// resized; the backend's own verb does that.
absl::Status GuestProcess::Prepare() {
  if (!io_.terminal) return absl::OkStatus();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return base::ErrnoStatus(errno, "socketpair");
  }
  io_.on_console(base::UniqueFd(ends[0]));
  io_.out.reset(ends[1]);
  io_.in.reset(::fcntl(ends[1], F_DUPFD_CLOEXEC, 0));
  if (!io_.in.ok()) return base::ErrnoStatus(errno, "duplicate a descriptor");
  return absl::OkStatus();
}

void GuestProcess::Watch(Agent& agent) {
  agent_ = &agent;
  const auto changed = [this] { OnOutput(); };
  out_ = std::make_unique<GuestOutputCopy>(loop_, *agent_, key_, GuestOutput::kOut,
                                           std::move(io_.out), changed);
  out_->Run();
  if (!io_.terminal) {
    err_ = std::make_unique<GuestOutputCopy>(loop_, *agent_, key_, GuestOutput::kErr,
                                             std::move(io_.err), changed);
    err_->Run();
  }
  AwaitQuiet();
}

void GuestProcess::CopyInput() {
  if (agent_ == nullptr || status_.has_value() || in_ != nullptr) return;
  in_ = std::make_unique<GuestInputCopy>(loop_, *agent_, key_, std::move(io_.in));
  in_->Run();
}

bool GuestProcess::All(bool (GuestOutputCopy::*holds)() const) const {
  return (out_ == nullptr || (out_.get()->*holds)()) && (err_ == nullptr || (err_.get()->*holds)());
}

void GuestProcess::OnOutput() {
  quiet_ = false;
  if (flushed_ != nullptr && All(&GuestOutputCopy::written)) return FinishFlush();
  if (status_.has_value()) return TellWhenComplete();
  All(&GuestOutputCopy::ended) ? AskStatus() : AwaitQuiet();
}

// One look for each time that output comes and ceases: it finds the process that ended before our
// last read came. One that ends later ends that read, too.
void GuestProcess::AwaitQuiet() {
  if (asked_ || std::exchange(looking_, true)) return;
  look_.Set(kQuietTimeout, [this] { Look(); });
}

void GuestProcess::Look() {
  looking_ = false;
  if (!std::exchange(quiet_, true)) return AwaitQuiet();
  looking_ = true;
  agent_->HasEnded(key_, kSignalTimeout, guard_.Wrap([this](const absl::StatusOr<bool>& ended) {
    looking_ = false;
    if (asked_) return;
    if (ended.ok() && *ended) return OnGone();
    // No read waits for the end of one whose client is behind.
    const bool behind = (out_ != nullptr && out_->behind()) || (err_ != nullptr && err_->behind());
    if (behind || !quiet_ || absl::IsDeadlineExceeded(ended.status())) AwaitQuiet();
  }));
}

void GuestProcess::OnGone() {
  looking_ = true;  // no more
  limit_.Set(kLeftOutputTimeout, [this] { AskStatus(); });
  for (const auto* copy : {&out_, &err_}) {
    if (*copy != nullptr) (*copy)->Hurry();
  }
}

void GuestProcess::AskStatus() {
  if (std::exchange(asked_, true)) return;
  look_.Clear();
  limit_.Clear();
  agent_->WaitProcess(key_,
                      guard_.Wrap([this](const absl::StatusOr<int>& status) { OnEnd(status); }));
}

// A status that cannot be known, or is none, is 255 (R1, F21).
void GuestProcess::OnEnd(const absl::StatusOr<int>& status) {
  if (status_.has_value()) return;
  // Lost with the connection, most likely: Lose says with what it ended.
  if (!status.ok()) return limit_.Set(kUnknownEndTimeout, [this] { OnEnd(-1); });
  status_ = *status < 0 || *status > 255 ? kUnknownStatus : static_cast<unsigned>(*status);
  in_.reset();
  limit_.Set(kUnwrittenTimeout, [this] { Tell(); });
  TellWhenComplete();
}

void GuestProcess::TellWhenComplete() {
  if (!All(&GuestOutputCopy::written)) return;
  if (*status_ == kKilledStatus && !kill_sent_ && !oom_told_) {
    return limit_.Set(kOomWordTimeout, [this] { Tell(); });
  }
  Tell();
}

void GuestProcess::OutOfMemoryTold() {
  oom_told_ = true;
  if (status_.has_value()) TellWhenComplete();
}

// What was read is written on.
void GuestProcess::Lose(unsigned status) {
  agent_ = nullptr;
  guard_.Reset();
  look_.Clear();
  if (!status_.has_value()) status_ = status;
  for (const auto* copy : {&out_, &err_}) {
    if (*copy != nullptr) (*copy)->StopReading();
  }
  in_.reset();
  Tell();
}

// Its outputs, which somebody else in the guest may hold, are copied on; but those of a terminal
// end, since the relay waits for it.
void GuestProcess::Tell() {
  limit_.Clear();
  if (on_exit_ == nullptr) return;
  if (io_.terminal && out_ != nullptr) out_->StopReading();
  io_ = {};
  std::exchange(on_exit_, nullptr)({.pid = pid_,
                                    .code = static_cast<int>(*status_),
                                    .at = std::chrono::system_clock::now()});  // may destroy this
}

void GuestProcess::Flush(shim::Done<> done) {
  asked_ = true;
  agent_ = nullptr;
  guard_.Reset();
  look_.Clear();
  if (!status_.has_value()) limit_.Clear();
  in_.reset();
  for (const auto* copy : {&out_, &err_}) {
    if (*copy != nullptr) (*copy)->StopReading();
  }
  if (All(&GuestOutputCopy::written)) return done(absl::OkStatus());
  flushed_ = std::move(done);
  flush_limit_.Set(kClientTimeout, [this] { FinishFlush(); });
}

void GuestProcess::FinishFlush() {
  flush_limit_.Clear();
  std::exchange(flushed_, nullptr)(absl::OkStatus());  // may destroy this
}

}  // namespace backends
