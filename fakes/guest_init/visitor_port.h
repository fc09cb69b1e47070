// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/unique_fd.h"

namespace fakes {

// A port at which one after another asks for the agent: each says CONNECT and a port, as to a
// hybrid vsock, is answered OK, and has a stream to the agent then, until it goes.
class VisitorPort {
 public:
  // `loop` is borrowed. `serve` gets each stream. SIGPIPE must be ignored.
  VisitorPort(boost::asio::io_context& loop, std::string device,
              std::function<void(base::UniqueFd)> serve);
  ~VisitorPort();
  VisitorPort(const VisitorPort&) = delete;
  VisitorPort& operator=(const VisitorPort&) = delete;

  // Call once. What goes wrong later ends the service, silently: the visitor's time runs out.
  absl::Status Start();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the operations under way
};

}  // namespace fakes
