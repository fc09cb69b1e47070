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
  kHooked = 'h',   // init that stays what it is: the hooks of start are over; it waits for kGo
  kStarted = 's',  // the same: its program runs from here on
  kEnded = 'e',    // the same: how the program ended, where a status does not say enough
};

struct SyncMessage {
  SyncKind kind = SyncKind::kFailed;
  std::string text;
};

// One end of a connection between two processes; whole messages.
class SyncSocket {
 public:
  static absl::StatusOr<std::pair<SyncSocket, SyncSocket>> MakePair();
  // One end that came from elsewhere.
  explicit SyncSocket(base::UniqueFd fd) : fd_(std::move(fd)) {}

  absl::Status Send(SyncKind kind, absl::string_view text = "") const;
  // The same, but RESOURCE_EXHAUSTED rather than waiting for the other end to read.
  absl::Status TrySend(SyncKind kind, absl::string_view text = "") const;
  // Blocks. UNAVAILABLE once the other end is closed: its process is gone, or has become a program.
  [[nodiscard]] absl::StatusOr<SyncMessage> Receive() const;
  // Anything but a message of `kind` is an error.
  [[nodiscard]] absl::Status Expect(SyncKind kind) const;

  // The same without waiting: FAILED_PRECONDITION if there is no message yet.
  [[nodiscard]] absl::StatusOr<SyncMessage> Poll() const;

  [[nodiscard]] const base::UniqueFd& fd() const { return fd_; }
  void Close() { fd_.reset(); }

 private:
  [[nodiscard]] absl::Status Write(SyncKind kind, absl::string_view text, int flags) const;
  [[nodiscard]] absl::StatusOr<SyncMessage> Read(int flags) const;
  base::UniqueFd fd_;
};

}  // namespace container
