// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/exit_waiters.h"

#include <utility>

#include "reference-shim/shim/limits.h"

namespace shim {

ExitWaiters::~ExitWaiters() { Release(absl::CancelledError("nobody waits any more")); }

void ExitWaiters::Add(WaitReply reply) {
  if (replies_.size() >= kWaitersMax) {
    return std::move(reply)(absl::ResourceExhaustedError("too many calls wait for this process"));
  }
  const auto place = replies_.insert(replies_.end(), std::move(reply));
  // Only ever called for a reply still in the list: answering one disarms its callback.
  place->OnAbandoned([this, place] {
    WaitReply gone = std::move(*place);
    replies_.erase(place);
    std::move(gone)(absl::CancelledError("the caller has gone"));
  });
}

void ExitWaiters::Release(const absl::StatusOr<containerd::task::v3::WaitResponse>& answer) {
  for (std::list<WaitReply> replies = std::move(replies_); !replies.empty(); replies.pop_front()) {
    std::move(replies.front())(answer);
  }
}

}  // namespace shim
