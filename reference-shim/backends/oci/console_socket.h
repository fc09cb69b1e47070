// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"

namespace backends {

// The unix socket at which an engine hands over the master of a terminal it made
// (--console-socket). The socket file lies in the bundle and is removed by the destructor
// (LEAK-05); a path too long for a socket address is reached through a descriptor of the directory.
class ConsoleSocket {
 public:
  // Replaces a file of that name which an earlier shim left. `loop` is borrowed.
  static absl::StatusOr<std::unique_ptr<ConsoleSocket>> Listen(boost::asio::io_context& loop,
                                                               const std::string& bundle,
                                                               const std::string& name);
  ~ConsoleSocket();
  ConsoleSocket(const ConsoleSocket&) = delete;
  ConsoleSocket& operator=(const ConsoleSocket&) = delete;

  // What the engine is told; valid as long as this object.
  [[nodiscard]] const std::string& address() const { return address_; }

  // Call once. `done` comes later from the loop with the master; UNAVAILABLE if something else than
  // one descriptor arrives, DEADLINE_EXCEEDED after kConsoleTimeout. Not after destruction.
  void Receive(shim::Done<base::UniqueFd> done);

 private:
  explicit ConsoleSocket(boost::asio::io_context& loop);
  absl::Status Bind(const std::string& bundle, const std::string& name);
  void AwaitConnection();
  void AwaitMessage();
  void Finish(absl::StatusOr<base::UniqueFd> result);

  std::string path_;
  std::string address_;
  base::UniqueFd directory_;  // only if the path is too long
  boost::asio::posix::stream_descriptor listener_;
  boost::asio::posix::stream_descriptor connection_;
  shim::Done<base::UniqueFd> done_;
  shim::Deadline deadline_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
