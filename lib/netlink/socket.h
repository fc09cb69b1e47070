// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <vector>

#include "base/unique_fd.h"
#include "netlink/message.h"

namespace netlink {

// A conversation with the kernel about links, addresses, routes and traffic (rtnetlink(7)) of one
// network namespace: that of the thread that opened it, whatever the thread enters later. Every
// call blocks until the kernel has answered, which it does at once, and says what was tried
// (`what`: "add link eth0"), the kernel's reason and, where it gives one, its explanation.
class Socket {
 public:
  static absl::StatusOr<Socket> Open();

  // Done when this returns. NOT_FOUND, ALREADY_EXISTS, … as the kernel's errno says.
  absl::Status Change(const Request& request, absl::string_view what);
  // What the kernel answers: one object, or the whole of a list as it was at one moment.
  absl::StatusOr<std::vector<Message>> Read(const Request& request, absl::string_view what);

 private:
  struct Answer;
  absl::StatusOr<Answer> Ask(const Request& request, absl::string_view what);
  // One piece of an answer; true: it was the last.
  absl::StatusOr<bool> Take(absl::string_view bytes, Answer& answer, absl::string_view what) const;

  base::UniqueFd fd_;
  std::uint32_t sequence_ = 0;
};

}  // namespace netlink
