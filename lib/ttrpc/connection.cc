// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/connection.h"

#include <absl/strings/str_cat.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "ttrpc/limits.h"

namespace ttrpc {
namespace {

constexpr std::size_t kPiecesPerWrite = 64;

absl::Status ClosedStatus() { return absl::UnavailableError("ttrpc: connection closed"); }

absl::Status ErrorStatus(const boost::system::error_code& error) {
  if (error == boost::asio::error::eof || error == boost::asio::error::connection_reset ||
      error == boost::asio::error::broken_pipe) {
    return ClosedStatus();
  }
  return absl::UnavailableError(absl::StrCat("ttrpc: connection closed: ", error.message()));
}

}  // namespace

Connection::Connection(boost::asio::io_context& loop, ConnectionHandler& handler,
                       OutputQueue& output)
    : handler_(handler), output_(output), socket_(loop), timer_(loop) {}

absl::Status Connection::Start(base::UniqueFd socket) {
  boost::system::error_code error;
  socket_.assign(boost::asio::local::stream_protocol(), socket.get(), error);
  if (error) return base::ErrnoStatus(error.value(), "ttrpc: watch socket");
  (void)socket.release();
  socket_.non_blocking(true, error);
  if (error) return base::ErrnoStatus(error.value(), "ttrpc: set non-blocking");
  Read();
  return absl::OkStatus();
}

void Connection::Read() {
  const absl::Span<char> space = handler_.Prepare();
  socket_.async_read_some(
      boost::asio::buffer(space.data(), space.size()),
      [this, self = handler_.shared_from_this()](const boost::system::error_code& error,
                                                 std::size_t bytes) { OnRead(error, bytes); });
}

void Connection::OnRead(const boost::system::error_code& error, std::size_t bytes) {
  if (closed_) return;
  if (error) return Lose(broken_.ok() ? ErrorStatus(error) : broken_);
  corked_ = true;
  handler_.OnReceived(bytes);
  corked_ = false;
  if (closed_) return;
  Flush();
  if (output_.empty()) handler_.OnFlushed();
  if (!closed_) Read();
}

void Connection::Flush() {
  if (closed_ || !broken_.ok()) return output_.Clear();
  if (waits_writable_) {
    if (output_.bytes() > kWriteQueueBytesMax) {
      Break(absl::ResourceExhaustedError("ttrpc: the peer does not read what it is sent"));
    }
    return;
  }
  if (corked_ && output_.bytes() <= kCorkBytesMax) return;
  while (!output_.empty()) {
    iovec pieces[kPiecesPerWrite];
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = output_.Gather(absl::MakeSpan(pieces));
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      output_.Consume(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      waits_writable_ = true;
      WaitWritable();
      return Flush();
    } else if (errno != EINTR) {
      return Break(ErrorStatus({errno, boost::system::system_category()}));
    }
  }
}

void Connection::WaitWritable() {
  socket_.async_wait(boost::asio::local::stream_protocol::socket::wait_write,
                     [this, self = handler_.shared_from_this()](const boost::system::error_code&) {
                       waits_writable_ = false;
                       if (closed_) return;
                       Flush();
                       if (output_.empty()) handler_.OnFlushed();
                     });
}

void Connection::SetDeadline(std::optional<Clock::time_point> deadline) {
  if (closed_ || !deadline || *deadline >= timer_set_to_) return;
  timer_set_to_ = *deadline;
  timer_.expires_at(*deadline);
  timer_.async_wait(
      [this, self = handler_.shared_from_this()](const boost::system::error_code& error) {
        if (!error && !closed_) OnTimer();
      });
}

void Connection::OnTimer() {
  timer_set_to_ = Clock::time_point::max();
  handler_.OnDeadline(Clock::now());
}

// What has been received but not yet read must still reach the handler, so a failing write does
// not close: the shutdown makes the pending read run through to the end of the stream.
void Connection::Break(absl::Status reason) {
  broken_ = std::move(reason);
  output_.Clear();
  ::shutdown(socket_.native_handle(), SHUT_RDWR);
}

void Connection::Lose(absl::Status reason) {
  Close();
  handler_.OnLost(reason);
}

void Connection::Close() {
  if (std::exchange(closed_, true)) return;
  boost::system::error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
}

}  // namespace ttrpc
