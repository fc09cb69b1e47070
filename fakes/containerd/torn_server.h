// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "base/unique_fd.h"

namespace fakes {

// A ttrpc server that dies in the middle of its answers: each connection is read until one whole
// request is there, gets the first half of a frame header, and is closed. What a client must not
// take for an answer. One thread; destroy before `loop`.
class TornServer {
 public:
  // Runs for each request, with its payload, before the half answer is sent. May destroy the
  // server.
  using OnRequest = std::function<void(absl::string_view payload)>;

  // `listener` is a listening unix socket, set to nonblocking here.
  TornServer(boost::asio::io_context& loop, base::UniqueFd listener, OnRequest on_request);
  ~TornServer();
  TornServer(const TornServer&) = delete;
  TornServer& operator=(const TornServer&) = delete;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with handlers that are pending or running
};

}  // namespace fakes
