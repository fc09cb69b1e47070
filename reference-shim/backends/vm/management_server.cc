// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/management_server.h"

#include <absl/strings/str_cat.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/vm/limits.h"
#include "reference-shim/shim/deadline.h"
#include "reference-shim/shim/socket_claim.h"

namespace backends {
namespace {

namespace http = boost::beast::http;
using Protocol = boost::asio::local::stream_protocol;
using Error = boost::system::error_code;

// The status for what cannot be read as a request; 0: there is nobody to tell.
unsigned StatusFor(const Error& error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit) return 431;
  const bool about_http =
      error.category() == http::make_error_code(http::error::bad_method).category();
  if (!about_http || error == http::error::end_of_stream || error == http::error::partial_message) {
    return 0;
  }
  return 400;
}

}  // namespace

// One connection. Owned by the server's set, and by the operation under way.
struct ManagementServer::Session : std::enable_shared_from_this<Session> {
  Session(Impl& server, Protocol::socket connection);

  void Run();
  void OnRead(const Error& error);
  void Reply(ManagementReply reply);
  void Close();

  Impl* server;  // null: it has gone, or this was closed
  Protocol::socket socket;
  boost::beast::flat_buffer buffer;
  std::optional<http::request_parser<http::string_body>> parser;
  http::response<http::string_body> response;
  shim::Deadline limit;
};

struct ManagementServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& io, Handler answers)
      : loop(io), handler(std::move(answers)), acceptor(io), retry(io) {}

  void Accept();
  void Stop();

  boost::asio::io_context& loop;
  Handler handler;
  Protocol::acceptor acceptor;
  shim::Deadline retry;
  std::set<std::shared_ptr<Session>> sessions;
};

// --- a connection -----------------------------------------------------------------------------

ManagementServer::Session::Session(Impl& owner, Protocol::socket connection)
    : server(&owner),
      socket(std::move(connection)),
      buffer(kManagementHeaderBytesMax + kManagementBodyBytesMax),
      limit(owner.loop) {
  parser.emplace();
  parser->header_limit(kManagementHeaderBytesMax);
  parser->body_limit(kManagementBodyBytesMax);
}

void ManagementServer::Session::Run() {
  limit.Set(kManagementTimeout, [this] { Close(); });
  http::async_read(
      socket, buffer, *parser,
      [self = shared_from_this()](const Error& error, std::size_t) { self->OnRead(error); });
}

void ManagementServer::Session::OnRead(const Error& error) {
  if (server == nullptr) return;
  if (error) {
    const unsigned status = StatusFor(error);
    if (status == 0) return Close();
    return Reply({.status = status, .body = absl::StrCat(error.message(), "\n")});
  }
  limit.Clear();  // the answer has limits of its own
  http::request<http::string_body> message = parser->release();
  const ManagementRequest request{.method = std::string(message.method_string()),
                                  .target = std::string(message.target()),
                                  .body = std::move(message.body())};
  const Handler handler = server->handler;
  handler(request, [weak = weak_from_this()](ManagementReply reply) {
    if (const auto self = weak.lock()) self->Reply(std::move(reply));
  });
}

void ManagementServer::Session::Reply(ManagementReply reply) {
  if (server == nullptr) return;
  response.result(reply.status);
  response.set(http::field::content_type, reply.type);
  if (!reply.allow.empty()) response.set(http::field::allow, reply.allow);
  response.body() = std::move(reply.body);
  response.keep_alive(false);
  response.prepare_payload();
  limit.Set(kManagementTimeout, [this] { Close(); });
  http::async_write(socket, response, [self = shared_from_this()](const Error&, std::size_t) {
    Error ignored;
    self->socket.shutdown(Protocol::socket::shutdown_send, ignored);
    self->Close();
  });
}

void ManagementServer::Session::Close() {
  Error ignored;
  socket.close(ignored);
  limit.Clear();
  if (Impl* const owner = std::exchange(server, nullptr)) owner->sessions.erase(shared_from_this());
}

// --- the socket -------------------------------------------------------------------------------

void ManagementServer::Impl::Accept() {
  acceptor.async_accept(
      [self = shared_from_this()](const Error& error, Protocol::socket connection) {
        if (!self->acceptor.is_open()) return;
        if (error) {  // no descriptor is free, most likely
          return self->retry.Set(kManagementRetryPause, [impl = self.get()] { impl->Accept(); });
        }
        if (self->sessions.size() < kManagementSessionsMax) {
          const auto session = std::make_shared<Session>(*self, std::move(connection));
          self->sessions.insert(session);
          session->Run();
        }
        self->Accept();
      });
}

void ManagementServer::Impl::Stop() {
  Error ignored;
  acceptor.close(ignored);
  retry.Clear();
  for (const auto& session : std::set<std::shared_ptr<Session>>(sessions)) session->Close();
}

absl::StatusOr<std::unique_ptr<ManagementServer>> ManagementServer::Listen(
    boost::asio::io_context& loop, const std::string& path, Handler handler) {
  ASSIGN_OR_RETURN(shim::SocketClaim claim, shim::ClaimSocket(path));
  if (!claim.listener.ok()) {
    return absl::AlreadyExistsError(absl::StrCat(path, ": somebody listens there"));
  }
  auto impl = std::make_shared<Impl>(loop, std::move(handler));
  Error error;
  impl->acceptor.assign(Protocol(), claim.listener.get(), error);
  if (error) return base::ErrnoStatus(error.value(), absl::StrCat("listen on ", path));
  (void)claim.listener.release();
  impl->Accept();
  return std::unique_ptr<ManagementServer>(new ManagementServer(std::move(impl)));
}

ManagementServer::~ManagementServer() { impl_->Stop(); }

}  // namespace backends
