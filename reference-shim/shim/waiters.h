// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <list>
#include <utility>

#include "reference-shim/shim/limits.h"
#include "ttrpc/reply.h"

namespace shim {

// The calls pending on one end, of a process or of a sandbox. Each is answered exactly once: by
// Release, or as CANCELLED when its client has gone or this object is destroyed.
template <typename Response>
class Waiters {
 public:
  using Reply = ttrpc::Reply<Response>;

  Waiters() = default;
  ~Waiters() { Release(absl::CancelledError("nobody waits any more")); }
  Waiters(const Waiters&) = delete;
  Waiters& operator=(const Waiters&) = delete;

  // Keeps `reply` until the end. With kWaitersMax pending it is answered RESOURCE_EXHAUSTED.
  void Add(Reply reply) {
    if (replies_.size() >= kWaitersMax) {
      return std::move(reply)(absl::ResourceExhaustedError("too many calls wait for this end"));
    }
    const auto place = replies_.insert(replies_.end(), std::move(reply));
    // Only ever called for a reply still in the list: answering one disarms its callback.
    place->OnAbandoned([this, place] {
      Reply gone = std::move(*place);
      replies_.erase(place);
      std::move(gone)(absl::CancelledError("the caller has gone"));
    });
  }

  // Answers all of them alike.
  void Release(const absl::StatusOr<Response>& answer) {
    for (std::list<Reply> replies = std::move(replies_); !replies.empty(); replies.pop_front()) {
      std::move(replies.front())(answer);
    }
  }

  [[nodiscard]] std::size_t size() const { return replies_.size(); }

 private:
  std::list<Reply> replies_;
};

}  // namespace shim
