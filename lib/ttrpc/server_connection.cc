// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/server_connection.h"

#include <boost/asio/post.hpp>
#include <string>
#include <utility>

namespace ttrpc {
namespace {

// Outlives the connection when the handler keeps its reply for long.
class CallResponder final : public Responder {
 public:
  CallResponder(boost::asio::io_context& loop, std::weak_ptr<ServerConnection> connection,
                std::uint32_t stream, absl::string_view method)
      : loop_(loop), connection_(std::move(connection)), stream_(stream), method_(method) {}

  void Respond(absl::StatusOr<std::string> payload) override {
    if (const auto connection = connection_.lock()) {
      connection->Respond(stream_, std::move(payload));
    }
  }

  void OnAbandoned(std::function<void()> callback) override {
    const auto connection = connection_.lock();
    if (connection && connection->OnAbandoned(stream_, callback)) return;
    boost::asio::post(loop_, std::move(callback));
  }

  void Dropped() override {
    const auto connection = connection_.lock();
    if (!connection) return;
    connection->log().Error("ttrpc: ", method_, " on stream ", stream_, " was never answered");
    connection->Respond(stream_, absl::InternalError("ttrpc: the call was never answered"));
  }

 private:
  boost::asio::io_context& loop_;
  std::weak_ptr<ServerConnection> connection_;
  std::uint32_t stream_;
  std::string method_;
};

void RunAll(ServerSession::Callbacks callbacks) {
  for (const auto& callback : callbacks) callback();
}

}  // namespace

ServerConnection::ServerConnection(boost::asio::io_context& loop, const Router& router,
                                   base::Log& log, Owner& owner)
    : loop_(loop),
      router_(router),
      log_(log),
      owner_(&owner),
      connection_(loop, *this, session_.output()) {}

absl::Status ServerConnection::Start(base::UniqueFd socket) {
  return connection_.Start(std::move(socket));
}

void ServerConnection::OnReceived(std::size_t bytes) {
  session_.Commit(bytes);
  const Clock::time_point now = Clock::now();
  while (!connection_.closed()) {
    std::optional<ServerSession::Call> call = session_.NextCall(now);
    if (!call) break;
    Dispatch(*std::move(call));
  }
  connection_.SetDeadline(session_.next_deadline());
}

void ServerConnection::Dispatch(ServerSession::Call call) {
  auto responder = std::make_unique<CallResponder>(
      loop_, std::static_pointer_cast<ServerConnection>(shared_from_this()), call.stream,
      call.request.method);
  const CallInfo info{.metadata = std::move(call.request.metadata), .deadline = call.deadline};
  router_.Dispatch(call.request.service, call.request.method, call.request.payload, info,
                   std::move(responder));
}

void ServerConnection::Respond(std::uint32_t stream, absl::StatusOr<std::string> result) {
  if (session_.Respond(stream, std::move(result))) connection_.Flush();
}

bool ServerConnection::OnAbandoned(std::uint32_t stream, std::function<void()> callback) {
  return session_.OnAbandoned(stream, std::move(callback));
}

void ServerConnection::OnDeadline(Clock::time_point now) {
  ServerSession::Callbacks callbacks = session_.Expire(now);
  connection_.SetDeadline(session_.next_deadline());
  connection_.Flush();
  RunAll(std::move(callbacks));
}

void ServerConnection::Drain() {
  if (connection_.closed() || std::exchange(draining_, true)) return;
  const auto self = shared_from_this();  // the owner lets go of it in Finish
  ServerSession::Callbacks callbacks =
      session_.Drain(absl::UnavailableError("ttrpc: server is shutting down"));
  connection_.Flush();
  Finish();
  RunAll(std::move(callbacks));
}

// While input is handled the output is corked; OnFlushed comes after that.
void ServerConnection::Finish() {
  if (!session_.output().empty() || connection_.closed()) return;
  connection_.Close();
  if (owner_ != nullptr) std::exchange(owner_, nullptr)->OnConnectionClosed(*this);
}

void ServerConnection::OnFlushed() {
  if (draining_) Finish();
}

void ServerConnection::OnLost(const absl::Status& /*reason*/) {
  ServerSession::Callbacks callbacks = session_.Abandon();
  if (owner_ != nullptr) std::exchange(owner_, nullptr)->OnConnectionClosed(*this);
  RunAll(std::move(callbacks));
}

void ServerConnection::Close() {
  owner_ = nullptr;
  connection_.Close();
  RunAll(session_.Abandon());
}

}  // namespace ttrpc
