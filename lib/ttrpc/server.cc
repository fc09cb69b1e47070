// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "ttrpc/server_connection.h"

namespace ttrpc {
namespace {

absl::Status CheckSameUser(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return base::ErrnoStatus(errno, "SO_PEERCRED");
  }
  if (peer.uid == ::geteuid() && peer.gid == ::getegid()) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat("peer ", peer.pid, " has uid ", peer.uid, " gid ", peer.gid));
}

}  // namespace

struct Server::Impl final : ServerConnection::Owner, std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& event_loop, const Router& services, base::Log& sink,
       ServerOptions server_options)
      : loop(event_loop),
        router(services),
        log(sink),
        options(server_options),
        acceptor(event_loop),
        retry(event_loop),
        drain_limit(event_loop) {}

  absl::Status Serve(base::UniqueFd listener);
  void WaitAcceptable();
  void Accept();
  // False when accepting has to pause.
  bool AcceptOne();
  void Admit(base::UniqueFd socket);
  void PauseAccepting(int error_number);
  void ResumeAccepting();
  void Drain(std::chrono::milliseconds timeout, std::function<void()> done);
  void FinishDrain();
  void CloseConnections();
  void Shutdown();
  void OnConnectionClosed(ServerConnection& connection) override;

  boost::asio::io_context& loop;
  const Router& router;
  base::Log& log;
  const ServerOptions options;
  boost::asio::local::stream_protocol::acceptor acceptor;
  boost::asio::steady_timer retry;
  boost::asio::steady_timer drain_limit;
  // Shared with the pending asynchronous operations of each connection.
  std::unordered_map<ServerConnection*, std::shared_ptr<ServerConnection>> connections;
  std::vector<std::function<void()>> drained;
  bool more_to_accept = false;
  bool paused = false;
  bool draining = false;
  bool finished = false;
};

absl::Status Server::Impl::Serve(base::UniqueFd listener) {
  const int flags = ::fcntl(listener.get(), F_GETFL);
  if (flags < 0 || ::fcntl(listener.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return base::ErrnoStatus(errno, "ttrpc: listener");
  }
  boost::system::error_code error;
  acceptor.assign(boost::asio::local::stream_protocol(), listener.get(), error);
  if (error) return base::ErrnoStatus(error.value(), "ttrpc: watch listener");
  (void)listener.release();
  WaitAcceptable();
  return absl::OkStatus();
}

void Server::Impl::WaitAcceptable() {
  acceptor.async_wait(boost::asio::socket_base::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                        if (!error && self->acceptor.is_open()) self->Accept();
                      });
}

void Server::Impl::Accept() {
  for (int i = 0; i < kAcceptBatchMax; ++i) {
    if (!AcceptOne()) return;
    if (!more_to_accept) break;
  }
  WaitAcceptable();
}

bool Server::Impl::AcceptOne() {
  base::UniqueFd socket(
      ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  const int error_number = errno;
  more_to_accept = true;
  if (socket.ok()) {
    Admit(std::move(socket));
  } else if (error_number == EAGAIN || error_number == EWOULDBLOCK) {
    more_to_accept = false;
  } else if (error_number != EINTR && error_number != ECONNABORTED) {
    PauseAccepting(error_number);
    return false;
  }
  return true;
}

void Server::Impl::Admit(base::UniqueFd socket) {
  if (connections.size() >= options.connections_max) {
    log.Warning("ttrpc: connection refused, ", options.connections_max, " are open");
    return;
  }
  if (options.same_user_only) {
    if (const absl::Status status = CheckSameUser(socket.get()); !status.ok()) {
      log.Warning("ttrpc: connection refused: ", status.message());
      return;
    }
  }
  auto connection = std::make_shared<ServerConnection>(loop, router, log, *this);
  if (const absl::Status status = connection->Start(std::move(socket)); !status.ok()) {
    log.Error("ttrpc: connection refused: ", status.message());
    return;
  }
  connections.emplace(connection.get(), std::move(connection));
}

// Out of descriptors or memory, or an error nobody foresaw: the listener stays readable, so trying
// again at once would spin.
void Server::Impl::PauseAccepting(int error_number) {
  log.Warning("ttrpc: accepting pauses: ", base::ErrnoStatus(error_number, "accept").message());
  paused = true;
  retry.expires_after(kAcceptRetry);
  retry.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->ResumeAccepting();
  });
}

void Server::Impl::ResumeAccepting() {
  if (!std::exchange(paused, false) || !acceptor.is_open()) return;
  retry.cancel();
  WaitAcceptable();
}

void Server::Impl::OnConnectionClosed(ServerConnection& connection) {
  connections.erase(&connection);
  ResumeAccepting();
  if (draining && connections.empty()) FinishDrain();
}

void Server::Impl::Drain(std::chrono::milliseconds timeout, std::function<void()> done) {
  drained.push_back(std::move(done));
  if (finished) return FinishDrain();
  if (std::exchange(draining, true)) return;
  boost::system::error_code ignored;
  acceptor.close(ignored);
  retry.cancel();
  drain_limit.expires_after(timeout);
  drain_limit.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error) return;
    self->CloseConnections();
    self->FinishDrain();
  });
  const auto self = shared_from_this();
  std::vector<std::shared_ptr<ServerConnection>> open;
  open.reserve(connections.size());
  for (const auto& [pointer, connection] : connections) open.push_back(connection);
  for (const auto& connection : open) connection->Drain();
  if (connections.empty()) FinishDrain();
}

void Server::Impl::FinishDrain() {
  finished = true;
  drain_limit.cancel();
  for (auto& done : std::exchange(drained, {})) boost::asio::post(loop, std::move(done));
}

void Server::Impl::CloseConnections() {
  // Closing runs OnAbandoned callbacks, which may come back here.
  for (const auto& [pointer, connection] : std::exchange(connections, {})) connection->Close();
}

void Server::Impl::Shutdown() {
  boost::system::error_code ignored;
  acceptor.close(ignored);
  retry.cancel();
  drain_limit.cancel();
  drained.clear();
  CloseConnections();
}

Server::Server(boost::asio::io_context& loop, const Router& router, base::Log& log,
               ServerOptions options)
    : impl_(std::make_shared<Impl>(loop, router, log, options)) {}

Server::~Server() { impl_->Shutdown(); }

absl::Status Server::Serve(base::UniqueFd listener) { return impl_->Serve(std::move(listener)); }

void Server::Drain(std::chrono::milliseconds timeout, std::function<void()> done) {
  impl_->Drain(timeout, std::move(done));
}

std::size_t Server::connections() const { return impl_->connections.size(); }

}  // namespace ttrpc
