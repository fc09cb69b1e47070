// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "fakes/hypervisor/http_request.h"
#include "fakes/hypervisor/paced_writer.h"

namespace fakes {

// What goes back on the wire for one request.
struct ApiAnswer {
  bool drop = false;  // the connection is closed, `bytes` are not sent
  std::string bytes;
  Pace pace;
  bool close = false;               // after the bytes
  std::function<void()> then = {};  // after them, or once the connection is lost
};

// The API's unix socket: HTTP with keep-alive, descriptors with requests. One request is served at
// a time over all connections, as by the one thread of Cloud Hypervisor: while one is not answered,
// the others wait.
class ApiServer {
 public:
  using Answer = std::function<void(ApiAnswer)>;  // to be called once, or never
  using Handler = std::function<void(HttpRequest, Answer)>;

  // A socket file that nobody listens on is replaced. ALREADY_EXISTS if somebody does.
  static absl::StatusOr<std::unique_ptr<ApiServer>> Listen(boost::asio::io_context& loop,
                                                           const std::string& path,
                                                           Handler handler);
  ~ApiServer();  // closes everything
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  [[nodiscard]] std::size_t connections() const;

 private:
  struct Impl;
  explicit ApiServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;  // shared with the operations under way
};

}  // namespace fakes
