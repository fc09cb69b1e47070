// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "base/unique_fd.h"

namespace fakes {

// A connection between the host and the guest: moves bytes between two stream sockets, in order,
// with back-pressure and half-closes, until both directions have ended or one side is gone. What
// was under way when it breaks is lost, as with a machine that dies.
class StreamRelay {
 public:
  // `on_end` is called once from the loop when there is nothing more to move, and not after the
  // destructor; it may destroy the relay. Call Start() once.
  StreamRelay(boost::asio::io_context& loop, base::UniqueFd host, base::UniqueFd guest,
              std::function<void()> on_end);
  ~StreamRelay();  // breaks it
  StreamRelay(const StreamRelay&) = delete;
  StreamRelay& operator=(const StreamRelay&) = delete;

  void Start();
  // Moves nothing until Resume(); both sides stay connected.
  void Pause();
  void Resume();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the operations under way
};

}  // namespace fakes
