// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/control_server.h"

#include <absl/strings/str_cat.h>
#include <sys/socket.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "fakes/hypervisor/limits.h"
#include "fakes/hypervisor/paced_writer.h"
#include "fakes/hypervisor/unix_listener.h"

namespace fakes {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

std::string AnswerTo(const absl::StatusOr<std::string>& result) {
  if (!result.ok()) return absl::StrCat("error: ", result.status().message(), "\n");
  return result->empty() ? "ok\n" : absl::StrCat("ok ", *result, "\n");
}

}  // namespace

struct ControlServer::Impl : std::enable_shared_from_this<Impl> {
  struct Connection {
    Connection(boost::asio::io_context& loop, base::UniqueFd fd) : socket(loop, fd.release()) {}
    Descriptor socket;
    std::string input;
  };
  using ConnectionPtr = std::shared_ptr<Connection>;  // shared with its operations under way

  Impl(boost::asio::io_context& context, Handler callback)
      : loop(context), handler(std::move(callback)) {}

  void Accept(base::UniqueFd fd) {
    if (connections.size() >= kControlConnectionsMax) return;
    auto connection = std::make_shared<Connection>(loop, std::move(fd));
    connections.insert(connection);
    Wait(connection);
  }

  void Wait(const ConnectionPtr& connection) {
    connection->socket.async_wait(
        Descriptor::wait_read,
        [self = shared_from_this(), connection](const boost::system::error_code& error) {
          if (!error && self->connections.count(connection) != 0) self->Read(connection);
        });
  }

  void Read(const ConnectionPtr& connection) {
    char bytes[4096];
    const ssize_t got =
        ::recv(connection->socket.native_handle(), bytes, sizeof(bytes), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
      return Wait(connection);
    }
    if (got <= 0) return End(connection);
    connection->input.append(bytes, static_cast<std::size_t>(got));
    Serve(connection);
  }

  void Serve(const ConnectionPtr& connection) {
    const std::size_t end = connection->input.find('\n');
    if (end == std::string::npos) {
      if (connection->input.size() > kControlLineBytesMax) return End(connection);
      return Wait(connection);
    }
    const std::string command = connection->input.substr(0, end);
    connection->input.erase(0, end + 1);
    const auto self = shared_from_this();
    const std::string answer = AnswerTo(handler(command));
    if (connections.count(connection) == 0) return;  // the command has ended everything
    WritePaced(connection->socket, answer, {}, connection, [self, connection](bool written) {
      if (self->connections.count(connection) == 0) return;
      written ? self->Serve(connection) : self->End(connection);
    });
  }

  void End(const ConnectionPtr& connection) {
    boost::system::error_code ignored;
    connection->socket.close(ignored);
    connections.erase(connection);
  }

  boost::asio::io_context& loop;
  const Handler handler;
  std::unique_ptr<UnixListener> listener;
  std::set<ConnectionPtr> connections;
};

absl::StatusOr<std::unique_ptr<ControlServer>> ControlServer::Listen(boost::asio::io_context& loop,
                                                                     const std::string& path,
                                                                     Handler handler) {
  auto impl = std::make_shared<Impl>(loop, std::move(handler));
  std::weak_ptr<Impl> weak = impl;
  ASSIGN_OR_RETURN(impl->listener, UnixListener::Listen(loop, path, UnixListener::Stale::kReplace,
                                                        [weak](base::UniqueFd fd) {
                                                          if (const auto self = weak.lock())
                                                            self->Accept(std::move(fd));
                                                        }));
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(impl)));
}

ControlServer::~ControlServer() {
  impl_->listener.reset();
  const auto all = impl_->connections;
  for (const auto& connection : all) impl_->End(connection);
}

}  // namespace fakes
