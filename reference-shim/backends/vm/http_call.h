// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstddef>
#include <string>

#include "reference-shim/backends/vm/http_reply.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"

namespace backends {

struct HttpRequest {
  std::string method;  // "PUT"
  std::string path;    // "/api/v1/vm.boot"
  std::string body;    // JSON; empty: none
};

// One request on a connection of its own to a unix socket, bounded in time. A client that keeps
// nothing between its calls needs nothing while idle.
class HttpCall {
 public:
  // `loop` is borrowed.
  explicit HttpCall(boost::asio::io_context& loop);
  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;

  // Call once. `done` comes from the loop, not after destruction, and may destroy this. Any
  // response is a success here; UNAVAILABLE: nobody listens, or the connection ended before a
  // response; DEADLINE_EXCEEDED; others as HttpReplyParser.
  void Run(const std::string& socket_path, const HttpRequest& request,
           std::chrono::milliseconds timeout, shim::Done<HttpReply> done);

 private:
  absl::Status Connect(const std::string& socket_path);
  void Write();
  void AwaitReply();
  void Read();
  void Finish(absl::Status status);

  boost::asio::io_context& loop_;
  boost::asio::posix::stream_descriptor socket_;
  std::string output_;
  std::size_t written_ = 0;
  HttpReplyParser parser_;
  shim::Done<HttpReply> done_;
  shim::Deadline limit_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
