// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/http_call.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "ttrpc/client.h"

namespace backends {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

constexpr std::size_t kReadBytes = 4096;

std::string Serialize(const HttpRequest& request) {
  std::string text = absl::StrCat(request.method, " ", request.path,
                                  " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n");
  if (!request.body.empty()) {
    absl::StrAppend(
        &text, "Content-Type: application/json\r\nContent-Length: ", request.body.size(), "\r\n");
  }
  absl::StrAppend(&text, "\r\n", request.body);
  return text;
}

}  // namespace

HttpCall::HttpCall(boost::asio::io_context& loop) : loop_(loop), socket_(loop), limit_(loop) {}

void HttpCall::Run(const std::string& socket_path, const HttpRequest& request,
                   std::chrono::milliseconds timeout, shim::Done<HttpReply> done) {
  done_ = std::move(done);
  output_ = Serialize(request);
  const absl::Status connected = Connect(socket_path);
  if (!connected.ok()) {
    return boost::asio::post(loop_, guard_.Wrap([this, connected] { Finish(connected); }));
  }
  limit_.Set(timeout, [this, what = request.path] {
    Finish(absl::DeadlineExceededError(absl::StrCat(what, " was not answered in time")));
  });
  Write();
}

absl::Status HttpCall::Connect(const std::string& socket_path) {
  ASSIGN_OR_RETURN(base::UniqueFd socket, ttrpc::ConnectUnix(socket_path));
  const int flags = ::fcntl(socket.get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return base::ErrnoStatus(errno, "fcntl");
  }
  boost::system::error_code error;
  socket_.assign(socket.get(), error);
  if (error) return base::ErrnoStatus(error.value(), "socket into the loop");
  (void)socket.release();
  return absl::OkStatus();
}

// A server may answer, and close, before it has read everything: what cannot be written is no
// reason not to read.
void HttpCall::Write() {
  while (written_ < output_.size()) {
    const ssize_t size = ::send(socket_.native_handle(), output_.data() + written_,
                                output_.size() - written_, MSG_NOSIGNAL);
    if (size > 0) {
      written_ += static_cast<std::size_t>(size);
    } else if (size < 0 && errno == EAGAIN) {
      return socket_.async_wait(Descriptor::wait_write,
                                guard_.Wrap([this](const boost::system::error_code& error) {
                                  if (!error) Write();
                                }));
    } else if (size < 0 && errno != EINTR) {
      break;
    }
  }
  AwaitReply();
}

void HttpCall::AwaitReply() {
  socket_.async_wait(Descriptor::wait_read,
                     guard_.Wrap([this](const boost::system::error_code& error) {
                       if (!error) Read();
                     }));
}

void HttpCall::Read() {
  std::array<char, kReadBytes> buffer;
  const ssize_t size = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return AwaitReply();
  if (size < 0) return Finish(base::ErrnoStatus(errno, "HTTP response"));
  if (size == 0) return Finish(parser_.End());
  const absl::StatusOr<bool> complete =
      parser_.Add(absl::string_view(buffer.data(), static_cast<std::size_t>(size)));
  if (!complete.ok()) return Finish(complete.status());
  if (*complete) return Finish(absl::OkStatus());
  AwaitReply();
}

void HttpCall::Finish(absl::Status status) {
  limit_.Clear();
  guard_.Reset();
  if (socket_.is_open()) {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }
  shim::Done<HttpReply> done = std::exchange(done_, nullptr);
  if (!status.ok()) return done(std::move(status));  // may destroy this
  done(parser_.reply());
}

}  // namespace backends
