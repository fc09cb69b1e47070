// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/unique_fd.h"

namespace fakes {

// A unix socket that accepts for as long as the object lives; then its file is gone too, unless
// somebody has put another in its place.
class UnixListener {
 public:
  // Gets each connection, non-blocking, from the loop. May destroy the listener.
  using OnConnection = std::function<void(base::UniqueFd)>;

  // What becomes of a socket file that is there already and that nobody listens on. One that is
  // listened on is always an error.
  enum class Stale { kRefuse, kReplace };

  // ALREADY_EXISTS or INVALID_ARGUMENT name the path. `loop` must outlive the object.
  static absl::StatusOr<std::unique_ptr<UnixListener>> Listen(boost::asio::io_context& loop,
                                                              const std::string& path, Stale stale,
                                                              OnConnection on_connection);
  ~UnixListener();
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  [[nodiscard]] const std::string& path() const;

 private:
  struct Impl;
  explicit UnixListener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;  // shared with the operation under way
};

}  // namespace fakes
