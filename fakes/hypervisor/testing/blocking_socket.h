// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace fakes::testing {

// A client's end of a unix socket: blocking, with a deadline for each operation.
class BlockingSocket {
 public:
  static absl::StatusOr<BlockingSocket> Connect(const std::string& path, int timeout_ms);

  // All of it, in one call of the kernel if it fits; `files` go with its first byte.
  absl::Status Send(absl::string_view bytes, const std::vector<int>& files = {});
  // What is there, at most `size`; empty at the end. DEADLINE_EXCEEDED if nothing comes in time.
  absl::StatusOr<std::string> Receive(std::size_t size = 4096);
  // Byte by byte up to a newline, which is left out; UNAVAILABLE at the end.
  absl::StatusOr<std::string> ReceiveLine();

  void ShutdownWrite();
  [[nodiscard]] const base::UniqueFd& fd() const { return fd_; }

 private:
  explicit BlockingSocket(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::UniqueFd fd_;
};

// CONNECT as typed by the caller, with the answer's port; the connection is the guest's then.
absl::StatusOr<BlockingSocket> ConnectToGuest(const std::string& socket_path,
                                              absl::string_view connect_line, int timeout_ms);

}  // namespace fakes::testing
