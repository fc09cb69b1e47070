// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/torn_server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <chrono>
#include <utility>

#include "ttrpc/server_session.h"

namespace fakes {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

// The length of an answer of two bytes, and nothing of the stream it is for.
constexpr char kHalfHeader[] = {0, 0, 0, 2, 0};

void SetNonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0) ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

// One client. Keeps itself alive until its request is answered, it leaves, or the loop ends.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::io_context& loop, int fd, std::weak_ptr<TornServer::OnRequest> on_request)
      : descriptor_(loop, fd), on_request_(std::move(on_request)) {}

  void Wait() {
    descriptor_.async_wait(Descriptor::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                             if (!error) self->ReadSome();
                           });
  }

 private:
  // Not waiting again drops the last reference and with it the connection.
  void ReadSome() {
    const absl::Span<char> space = session_.Prepare();
    const ssize_t got = ::read(descriptor_.native_handle(), space.data(), space.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Wait();
    const std::shared_ptr<TornServer::OnRequest> on_request = on_request_.lock();
    if (got <= 0 || on_request == nullptr) return;
    session_.Commit(static_cast<std::size_t>(got));
    const auto call = session_.NextCall(std::chrono::steady_clock::now());
    if (!call) return Wait();
    // Before the callback, which may take everything away. A client that has left hears nothing.
    (void)::send(descriptor_.native_handle(), kHalfHeader, sizeof(kHalfHeader), MSG_NOSIGNAL);
    (*on_request)(call->request.payload);
  }

  Descriptor descriptor_;
  ttrpc::ServerSession session_;
  const std::weak_ptr<TornServer::OnRequest> on_request_;
};

}  // namespace

class TornServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, base::UniqueFd listener, OnRequest on_request)
      : loop_(loop),
        listener_(loop, listener.release()),
        on_request_(std::make_shared<OnRequest>(std::move(on_request))) {
    SetNonblocking(listener_.native_handle());
  }

  void Wait() {
    listener_.async_wait(Descriptor::wait_read,
                         [weak = weak_from_this()](const boost::system::error_code& error) {
                           const std::shared_ptr<Impl> self = weak.lock();
                           if (error || !self) return;
                           self->Accept();
                           self->Wait();
                         });
  }

  void Close() {
    on_request_.reset();
    boost::system::error_code ignored;
    listener_.close(ignored);
  }

 private:
  void Accept() {
    const int fd =
        ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) std::make_shared<Connection>(loop_, fd, on_request_)->Wait();
  }

  boost::asio::io_context& loop_;
  Descriptor listener_;
  std::shared_ptr<OnRequest> on_request_;  // connections that are in it right now share it
};

TornServer::TornServer(boost::asio::io_context& loop, base::UniqueFd listener, OnRequest on_request)
    : impl_(std::make_shared<Impl>(loop, std::move(listener), std::move(on_request))) {
  impl_->Wait();
}

TornServer::~TornServer() { impl_->Close(); }

}  // namespace fakes
