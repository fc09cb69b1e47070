// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "base/unique_fd.h"

namespace fakes {

// Moves bytes between a port, which is a device and not a socket, and a stream socket, in order and
// with back-pressure, until one side is gone. SIGPIPE must be ignored.
class PortRelay {
 public:
  // Neither descriptor blocks. `on_end` is called once from the loop when a side is gone, and not
  // after the destructor; it may destroy the relay.
  PortRelay(boost::asio::io_context& loop, base::UniqueFd port, base::UniqueFd socket,
            std::function<void()> on_end);
  ~PortRelay();
  PortRelay(const PortRelay&) = delete;
  PortRelay& operator=(const PortRelay&) = delete;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the operations under way
};

}  // namespace fakes
