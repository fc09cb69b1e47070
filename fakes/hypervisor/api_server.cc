// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/api_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <deque>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "fakes/hypervisor/http_reader.h"
#include "fakes/hypervisor/http_reply.h"
#include "fakes/hypervisor/limits.h"
#include "fakes/hypervisor/unix_listener.h"

namespace fakes {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

// One recvmsg. -1: errno tells; 0: the end.
ssize_t Receive(int socket, char* bytes, std::size_t size, std::vector<base::UniqueFd>& files) {
  constexpr std::size_t kFilesPerMessage = 253;  // SCM_MAX_FD of Linux
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kFilesPerMessage)];
  iovec piece{.iov_base = bytes, .iov_len = size};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  const ssize_t got = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) return got;
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
      base::UniqueFd file(fd);
      if (files.size() < kHttpFilesMax) files.push_back(std::move(file));
    }
  }
  return got;
}

}  // namespace

struct ApiServer::Impl : std::enable_shared_from_this<Impl> {
  struct Connection {
    Connection(boost::asio::io_context& loop, base::UniqueFd fd) : socket(loop, fd.release()) {}
    Descriptor socket;
    HttpReader reader;
    std::vector<base::UniqueFd> files;
    bool lost = false;
  };
  using ConnectionPtr = std::shared_ptr<Connection>;  // shared with its operations under way

  Impl(boost::asio::io_context& context, Handler callback)
      : loop(context), handler(std::move(callback)) {}

  void Accept(base::UniqueFd fd) {
    if (connections.size() >= kApiConnectionsMax) return;
    auto connection = std::make_shared<Connection>(loop, std::move(fd));
    connections.insert(connection);
    Wait(connection);
  }

  void Wait(const ConnectionPtr& connection) {
    connection->socket.async_wait(
        Descriptor::wait_read,
        [self = shared_from_this(), connection](const boost::system::error_code& error) {
          if (error || connection->lost) return;
          self->Read(connection);
        });
  }

  void Read(const ConnectionPtr& connection) {
    char bytes[16 * 1024];
    const ssize_t got =
        Receive(connection->socket.native_handle(), bytes, sizeof(bytes), connection->files);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
      return Wait(connection);
    }
    if (got <= 0) return Lose(connection);
    const absl::Status status =
        connection->reader.Feed(absl::string_view(bytes, static_cast<std::size_t>(got)));
    Take(connection, status);
  }

  // The next request of the connection gets into the queue, or more input is awaited.
  void Take(const ConnectionPtr& connection, const absl::Status& status) {
    if (std::optional<HttpRequest> request = connection->reader.Next()) {
      request->files = std::move(connection->files);
      connection->files.clear();
      queue.emplace_back(connection, *std::move(request));
      return ServeNext();
    }
    if (status.ok()) return Wait(connection);
    const HttpReply reply = ErrorReply(400, {"Bad Request", std::string(status.message())});
    // Not through the queue: it may be another connection's turn.
    WritePaced(connection->socket, FormatReply(reply, {.close = true}), {}, connection,
               [self = shared_from_this(), connection](bool) { self->Lose(connection); });
  }

  void ServeNext() {
    if (busy || queue.empty() || closed) return;
    busy = true;
    auto [connection, request] = std::move(queue.front());
    queue.pop_front();
    const bool keep_alive = request.keep_alive;
    std::weak_ptr<Impl> weak = shared_from_this();
    handler(std::move(request), [weak, connection = connection, keep_alive](ApiAnswer answer) {
      if (const auto self = weak.lock()) self->Write(connection, std::move(answer), keep_alive);
    });
  }

  void Write(const ConnectionPtr& connection, ApiAnswer answer, bool keep_alive) {
    const bool close = answer.close || answer.drop || !keep_alive;
    const auto then = std::move(answer.then);
    if (answer.drop || connection->lost) {
      Lose(connection);
      return Finish(connection, false, then);
    }
    WritePaced(connection->socket, std::move(answer.bytes), answer.pace, connection,
               [self = shared_from_this(), connection, close, then](bool written) {
                 if (close || !written) self->Lose(connection);
                 self->Finish(connection, !connection->lost, then);
               });
  }

  void Finish(const ConnectionPtr& connection, bool go_on, const std::function<void()>& then) {
    busy = false;
    if (then) then();
    if (closed) return;
    // From the loop, so that a peer with many requests in one piece is no recursion.
    boost::asio::post(loop, [self = shared_from_this(), connection, go_on] {
      if (self->closed) return;
      if (go_on && !connection->lost) self->Take(connection, connection->reader.Feed(""));
      self->ServeNext();
    });
  }

  void Lose(const ConnectionPtr& connection) {
    if (std::exchange(connection->lost, true)) return;
    boost::system::error_code ignored;
    connection->socket.close(ignored);
    connections.erase(connection);
    queue.erase(std::remove_if(queue.begin(), queue.end(),
                               [&](const auto& entry) { return entry.first == connection; }),
                queue.end());
  }

  void Close() {
    closed = true;
    listener.reset();
    const auto all = connections;
    for (const ConnectionPtr& connection : all) Lose(connection);
    handler = nullptr;
  }

  boost::asio::io_context& loop;
  Handler handler;
  std::unique_ptr<UnixListener> listener;
  std::set<ConnectionPtr> connections;
  std::deque<std::pair<ConnectionPtr, HttpRequest>> queue;
  bool busy = false;
  bool closed = false;
};

absl::StatusOr<std::unique_ptr<ApiServer>> ApiServer::Listen(boost::asio::io_context& loop,
                                                             const std::string& path,
                                                             Handler handler) {
  auto impl = std::make_shared<Impl>(loop, std::move(handler));
  std::weak_ptr<Impl> weak = impl;
  ASSIGN_OR_RETURN(impl->listener, UnixListener::Listen(loop, path, UnixListener::Stale::kReplace,
                                                        [weak](base::UniqueFd fd) {
                                                          if (const auto self = weak.lock())
                                                            self->Accept(std::move(fd));
                                                        }));
  return std::unique_ptr<ApiServer>(new ApiServer(std::move(impl)));
}

ApiServer::~ApiServer() { impl_->Close(); }

std::size_t ApiServer::connections() const { return impl_->connections.size(); }

}  // namespace fakes
