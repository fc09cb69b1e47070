// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_input.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <deque>
#include <utility>

#include "base/status_macros.h"
#include "fakes/guest_agent/limits.h"

namespace fakes {

struct GuestInput::Impl : std::enable_shared_from_this<Impl> {
  struct Pending {
    std::string data;
    std::size_t written = 0;
    Done done;
  };

  explicit Impl(boost::asio::io_context& loop) : descriptor(loop) {}

  void Pump();
  // False when the pipe is full; an error is final.
  absl::StatusOr<bool> WriteFront();
  void Fail(const absl::Status& why);
  void CloseNow();

  boost::asio::posix::stream_descriptor descriptor;
  std::deque<Pending> writes;
  std::size_t bytes = 0;
  bool terminal = false;
  bool waiting = false;
  bool closing = false;
};

absl::StatusOr<bool> GuestInput::Impl::WriteFront() {
  Pending& write = writes.front();
  while (write.written < write.data.size()) {
    const ssize_t done = ::write(descriptor.native_handle(), write.data.data() + write.written,
                                 write.data.size() - write.written);
    if (done >= 0) {
      write.written += static_cast<std::size_t>(done);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return false;
    } else if (errno != EINTR) {
      return base::ErrnoStatus(errno, "stdin");
    }
  }
  return true;
}

void GuestInput::Impl::Pump() {
  const auto self = shared_from_this();  // an answer may destroy the owner
  while (!writes.empty() && descriptor.is_open()) {
    const absl::StatusOr<bool> written = WriteFront();
    if (!written.ok()) return Fail(written.status());
    if (!*written) break;
    Pending write = std::move(writes.front());
    writes.pop_front();
    bytes -= write.data.size();
    write.done(absl::OkStatus());
  }
  if (writes.empty() && closing) CloseNow();
  if (writes.empty() || !descriptor.is_open() || std::exchange(waiting, true)) return;
  descriptor.async_wait(boost::asio::posix::descriptor_base::wait_write,
                        [self](const boost::system::error_code& error) {
                          self->waiting = false;
                          if (!error && self->descriptor.is_open()) self->Pump();
                        });
}

void GuestInput::Impl::CloseNow() {
  boost::system::error_code ignored;
  descriptor.close(ignored);
}

void GuestInput::Impl::Fail(const absl::Status& why) {
  const auto self = shared_from_this();
  closing = true;
  CloseNow();
  bytes = 0;
  for (Pending& write : std::exchange(writes, {})) write.done(why);
}

absl::StatusOr<std::unique_ptr<GuestInput>> GuestInput::Open(boost::asio::io_context& loop,
                                                             base::UniqueFd fd, bool terminal) {
  if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK | ::fcntl(fd.get(), F_GETFL)) != 0) {
    return base::ErrnoStatus(errno, "stdin of a process");
  }
  auto impl = std::make_shared<Impl>(loop);
  impl->terminal = terminal;
  boost::system::error_code error;
  impl->descriptor.assign(fd.get(), error);
  if (error) return base::ErrnoStatus(error.value(), "watch the stdin of a process");
  (void)fd.release();
  return std::unique_ptr<GuestInput>(new GuestInput(std::move(impl)));
}

GuestInput::GuestInput(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

GuestInput::~GuestInput() { impl_->Fail(absl::CancelledError("the process is gone")); }

void GuestInput::Write(std::string data, Done done) {
  if (impl_->closing) return done(absl::FailedPreconditionError("stdin is closed"));
  if (impl_->bytes + data.size() > kGuestStdinBytesMax) {
    return done(absl::ResourceExhaustedError("too much waits for a process that does not read"));
  }
  impl_->bytes += data.size();
  impl_->writes.push_back({std::move(data), 0, std::move(done)});
  const auto impl = impl_;
  impl->Pump();
}

void GuestInput::Close() {
  if (impl_->terminal) return;
  impl_->closing = true;
  const auto impl = impl_;
  impl->Pump();
}

}  // namespace fakes
