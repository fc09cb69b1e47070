// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/verb_queue.h"

#include <absl/container/flat_hash_set.h>
#include <absl/strings/string_view.h>

#include "reference-shim/shim/limits.h"

namespace shim {

VerbQueue::VerbQueue() : alive_(std::make_shared<VerbQueue*>(this)) {}
VerbQueue::~VerbQueue() = default;

VerbQueue::Turn::~Turn() {
  if (const auto queue = queue_.lock()) (*queue)->Leave(place_);
}

void VerbQueue::Enter(std::string lane, Verb verb) {
  if (waiting_ >= kVerbsWaitingMax) {
    return verb(absl::ResourceExhaustedError("too many calls are waiting for this task"));
  }
  line_.push_back({.lane = std::move(lane), .verb = std::move(verb)});
  ++waiting_;
  RunNext();
}

void VerbQueue::CancelWaiting(const absl::Status& status) {
  std::list<Turn::Place> cancelled;
  for (auto place = line_.begin(); place != line_.end();) {
    const auto next = std::next(place);
    if (place->verb) cancelled.splice(cancelled.end(), line_, place);
    place = next;
  }
  waiting_ = 0;
  for (Turn::Place& place : cancelled) std::exchange(place.verb, nullptr)(status);
}

void VerbQueue::Leave(const Turn::Place* place) {
  line_.remove_if([place](const Turn::Place& other) { return &other == place; });
  RunNext();
}

void VerbQueue::RunNext() {
  // A verb that ends at once, or enters another, comes back here: the outermost call goes on.
  if (std::exchange(running_next_, true)) {
    again_ = true;
    return;
  }
  const std::weak_ptr<VerbQueue*> alive = alive_;
  do {
    again_ = false;
    absl::flat_hash_set<absl::string_view> taken;  // lanes of everybody further ahead
    for (Turn::Place& place : line_) {
      const bool whole_task = place.lane.empty();
      const bool free =
          whole_task ? taken.empty() : !taken.contains(place.lane) && !taken.contains(kWholeTask);
      if (place.verb && free) {
        --waiting_;
        std::exchange(place.verb, nullptr)(Turn(alive, &place));
        if (alive.expired()) return;
        // The line may have changed under the loop.
        again_ = true;
        break;
      }
      taken.insert(place.lane);
      if (whole_task) break;
    }
  } while (again_);
  running_next_ = false;
}

}  // namespace shim
