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
      limit_(loop) {}

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
  agent.WaitProcess(key_,
                    guard_.Wrap([this](const absl::StatusOr<int>& status) { OnEnd(status); }));
}

void GuestProcess::CopyStreams() {
  if (agent_ == nullptr || out_ != nullptr) return;
  const auto ended = [this] { OnOutputEnded(); };
  out_ = std::make_unique<GuestOutputCopy>(loop_, *agent_, key_, GuestOutput::kOut,
                                           std::move(io_.out), ended);
  if (!io_.terminal) {
    err_ = std::make_unique<GuestOutputCopy>(loop_, *agent_, key_, GuestOutput::kErr,
                                             std::move(io_.err), ended);
  }
  in_ = std::make_unique<GuestInputCopy>(loop_, *agent_, key_, std::move(io_.in));
  out_->Run();
  if (err_ != nullptr) err_->Run();
  in_->Run();
}

// A status that cannot be known, or is none, is 255 (R1, F21).
void GuestProcess::OnEnd(const absl::StatusOr<int>& status) {
  if (status_.has_value()) return;
  // Lost with the connection, most likely: Lose says with what it ended.
  if (!status.ok()) return limit_.Set(kUnknownEndTimeout, [this] { OnEnd(-1); });
  status_ = *status < 0 || *status > 255 ? kUnknownStatus : static_cast<unsigned>(*status);
  in_.reset();
  limit_.Set(kOutputTimeout, [this] { Tell(); });
  TellWhenComplete();
}

void GuestProcess::OnOutputEnded() {
  if (status_.has_value()) TellWhenComplete();
}

void GuestProcess::TellWhenComplete() {
  if ((out_ != nullptr && !out_->ended()) || (err_ != nullptr && !err_->ended())) return;
  if (*status_ == kKilledStatus && !kill_sent_ && !oom_told_) {
    return limit_.Set(kOomWordTimeout, [this] { Tell(); });
  }
  Tell();
}

void GuestProcess::OutOfMemoryTold() {
  oom_told_ = true;
  if (status_.has_value()) TellWhenComplete();
}

void GuestProcess::Lose(unsigned status) {
  agent_ = nullptr;
  guard_.Reset();
  if (!status_.has_value()) status_ = status;
  out_.reset();
  err_.reset();
  in_.reset();
  Tell();
}

// Its outputs, which somebody else in the guest may hold, are copied on.
void GuestProcess::Tell() {
  limit_.Clear();
  if (on_exit_ == nullptr) return;
  if (io_.terminal) out_.reset();  // the relay waits for its end
  io_ = {};
  std::exchange(on_exit_, nullptr)({.pid = pid_,
                                    .code = static_cast<int>(*status_),
                                    .at = std::chrono::system_clock::now()});  // may destroy this
}

}  // namespace backends
