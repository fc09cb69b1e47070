// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

namespace fakes {

// The socket by which a test commands the stand-in: a line is a command, a line answers it, "ok",
// "ok <text>" or "error: <message>".
class ControlServer {
 public:
  // Carries a command out; the text of its answer.
  using Handler = std::function<absl::StatusOr<std::string>(const std::string& command)>;

  // A socket file that nobody listens on is replaced.
  static absl::StatusOr<std::unique_ptr<ControlServer>> Listen(boost::asio::io_context& loop,
                                                               const std::string& path,
                                                               Handler handler);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  struct Impl;
  explicit ControlServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;  // shared with the operations under way
};

}  // namespace fakes
