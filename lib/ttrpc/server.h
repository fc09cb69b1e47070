// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "base/log.h"
#include "base/unique_fd.h"
#include "ttrpc/limits.h"
#include "ttrpc/router.h"

namespace ttrpc {

struct ServerOptions {
  // Disconnect peers whose effective uid or gid is not ours, without a reply (SOCK-12).
  bool same_user_only = true;
  // More are accepted and closed at once.
  std::size_t connections_max = kConnectionsMax;
};

// Serves `router` on a listening unix socket. One thread; destroy before `loop`. `router` and `log`
// are borrowed and must outlive it. Destroying it closes everything at once; OnAbandoned callbacks
// of calls in flight then run from the destructor. Handlers and these callbacks may destroy it.
//
// Connections are never closed for being idle (TT-25).
class Server {
 public:
  Server(boost::asio::io_context& loop, const Router& router, base::Log& log,
         ServerOptions options = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Starts accepting on an already listening socket. Call once. Survives EMFILE: accepting pauses
  // until a connection closes, or for kAcceptRetry.
  absl::Status Serve(base::UniqueFd listener);

  // Stops accepting, lets answers already given reach their peers (at most `timeout`), closes all
  // connections, then calls `done` from the loop. Calls still unanswered get UNAVAILABLE.
  // Idempotent: every `done` is called. Destroying the server first drops them.
  void Drain(std::chrono::milliseconds timeout, std::function<void()> done);

  [[nodiscard]] std::size_t connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with pending asynchronous operations
};

}  // namespace ttrpc
