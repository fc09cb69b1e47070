// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <string>

#include "base/unique_fd.h"

namespace netlink::testing {

// Where frames come in and go out. Those of these tests are of a protocol that nothing on a host
// speaks (the EtherType for local experiments), so that what the kernel itself sends is not
// mistaken for them.
class FrameEnd {
 public:
  // Those of a link of the caller's network namespace, as whoever is on it sees them.
  static absl::StatusOr<FrameEnd> AtLink(int index);
  // Those of an open tap, which is borrowed.
  static FrameEnd AtTap(const base::UniqueFd& tap);

  absl::Status Send(absl::string_view text);
  // The text of the next one; DEADLINE_EXCEEDED: there was none for a tenth of a second.
  absl::StatusOr<std::string> Receive();

 private:
  base::UniqueFd socket_;
  int fd_ = -1;
  std::size_t header_bytes_ = 0;  // before each frame
};

// Sends a frame until one comes in at `to`, for 10 s at most: a link that has just come up drops
// them for up to a second. What has come.
absl::StatusOr<std::string> Carry(FrameEnd& from, FrameEnd& to, absl::string_view text);

}  // namespace netlink::testing
