// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "base/log.h"
#include "base/unique_fd.h"
#include "ttrpc/connection.h"
#include "ttrpc/router.h"
#include "ttrpc/server_session.h"

namespace ttrpc {

// One accepted connection: hands calls to the router and writes the answers. Held by shared_ptr:
// by the server while it is open, and by its pending asynchronous operations.
class ServerConnection final : public ConnectionHandler {
 public:
  // Told when a connection has closed by itself; it drops its reference then.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnConnectionClosed(ServerConnection& connection) = 0;
  };

  // All references are borrowed; `owner` until Close or until it was told.
  ServerConnection(boost::asio::io_context& loop, const Router& router, base::Log& log,
                   Owner& owner);

  absl::Status Start(base::UniqueFd socket);

  // Answers every call with UNAVAILABLE, now and from now on, and closes when all that is queued
  // has been written.
  void Drain();

  // Closes at once; callers get nothing more. The owner is not told.
  void Close();

  // The answer to a call; harmless when the call has ended already.
  void Respond(std::uint32_t stream, absl::StatusOr<std::string> result);
  // False, and the callback is not kept, when the call has ended already.
  bool OnAbandoned(std::uint32_t stream, std::function<void()> callback);
  [[nodiscard]] base::Log& log() { return log_; }

  absl::Span<char> Prepare() override { return session_.Prepare(); }
  void OnReceived(std::size_t bytes) override;
  void OnDeadline(Clock::time_point now) override;
  void OnFlushed() override;
  void OnLost(const absl::Status& reason) override;

 private:
  void Dispatch(ServerSession::Call call);
  void Finish();

  boost::asio::io_context& loop_;
  const Router& router_;
  base::Log& log_;
  Owner* owner_;
  ServerSession session_;
  Connection connection_;
  bool draining_ = false;
};

}  // namespace ttrpc
