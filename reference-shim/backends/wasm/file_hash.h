// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <string>

#include "base/sha256.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"

namespace backends {

// The SHA-256 of a file, computed a piece per turn of the loop, so that a large one holds nobody
// up. Destroying it drops the continuation.
class FileHash {
 public:
  // Both borrowed for the time of the job. `sink`: a file that everything read is written to, at
  // its position; -1: none.
  FileHash(boost::asio::io_context& loop, int fd, int sink = -1)
      : loop_(loop), fd_(fd), sink_(sink) {}

  // From the file's beginning to its end. At once for a file of one piece, else from the loop.
  void Start(shim::Done<std::string> done);

 private:
  void Step();
  void End(absl::StatusOr<std::string> result);

  boost::asio::io_context& loop_;
  int fd_;
  int sink_;
  off_t offset_ = 0;
  base::Sha256Stream stream_;
  std::string buffer_;
  shim::Done<std::string> done_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
