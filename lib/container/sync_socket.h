// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <utility>

#include "base/unique_fd.h"

namespace container {

// What the first process of a container and its maker say to each other.
enum class SyncKind : char {
  kMounted = 'm',  // init: mounts are made, hooks of the runtime may run
  kReady = 'r',    // init: nothing is left to do but to wait for start
  kFailed = 'f',   // init: what went wrong; it then exits
  kGo = 'g',       // maker: go on
};

struct SyncMessage {
  SyncKind kind = SyncKind::kFailed;
  std::string text;
};

// One end of a connection between two processes; whole messages.
class SyncSocket {
 public:
  static absl::StatusOr<std::pair<SyncSocket, SyncSocket>> MakePair();

  absl::Status Send(SyncKind kind, absl::string_view text = "") const;
  // Blocks. UNAVAILABLE once the other end is closed: its process is gone, or has become a program.
  [[nodiscard]] absl::StatusOr<SyncMessage> Receive() const;
  // Anything but a message of `kind` is an error.
  [[nodiscard]] absl::Status Expect(SyncKind kind) const;

  void Close() { fd_.reset(); }

 private:
  explicit SyncSocket(int fd) : fd_(fd) {}
  base::UniqueFd fd_;
};

}  // namespace container
