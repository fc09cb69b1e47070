// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

#include "base/unique_fd.h"

// Frames of a protocol that nothing on a host speaks (the EtherType for local experiments), so that
// what the kernel itself sends is not mistaken for them.
namespace netlink::testing {

// A whole frame, to everybody, with `text` in it.
std::string FrameWith(absl::string_view text);
// Its text, if it is one of ours; else nothing.
std::string TextIn(absl::string_view frame);

// Such frames as they come and go at a link of the caller's network namespace.
class FrameSocket {
 public:
  static absl::StatusOr<FrameSocket> At(int link);
  absl::Status Send(absl::string_view text);
  // The text of the next one; DEADLINE_EXCEEDED after 5 s.
  absl::StatusOr<std::string> Receive();

 private:
  base::UniqueFd fd_;
};

// The same at an open tap, which may be non-blocking.
absl::Status SendToTap(const base::UniqueFd& tap, absl::string_view text);
absl::StatusOr<std::string> ReceiveFromTap(const base::UniqueFd& tap);

}  // namespace netlink::testing
