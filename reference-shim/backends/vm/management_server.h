// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

namespace backends {

struct ManagementRequest {
  std::string method;  // "GET"
  std::string target;  // "/direct-volume/stats?path=%2Fdata"
  std::string body;
};

struct ManagementReply {
  unsigned status = 200;
  std::string body;
  std::string type = "text/plain; charset=utf-8";
  std::string allow;  // the methods that there are; with status 405
};

// An HTTP/1.1 server on a unix socket that only its owner may open: one request for each
// connection, bounded in size and time, as many at a time as limits.h says. What is no request is
// answered with why, or the connection closed.
class ManagementServer {
 public:
  using Done = absl::AnyInvocable<void(ManagementReply)>;
  // Answers one request, once, at once or later from the loop; not after the server has gone.
  using Handler = std::function<void(const ManagementRequest&, Done)>;

  // Replaces a socket file that nobody listens on. The file stays when the server goes. `loop` is
  // borrowed.
  static absl::StatusOr<std::unique_ptr<ManagementServer>> Listen(boost::asio::io_context& loop,
                                                                  const std::string& path,
                                                                  Handler handler);
  ~ManagementServer();
  ManagementServer(const ManagementServer&) = delete;
  ManagementServer& operator=(const ManagementServer&) = delete;

 private:
  struct Session;
  struct Impl;
  explicit ManagementServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;  // shared with the operations under way
};

}  // namespace backends
