// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/oom_events.h"

#include <algorithm>
#include <utility>

namespace fakes {

void OomEvents::Push(const std::string& container) {
  if (waits_.empty()) {
    // Nobody has been told of the one before yet: it says as much.
    if (std::find(events_.begin(), events_.end(), container) == events_.end()) {
      events_.push_back(container);
    }
    return;
  }
  const auto first = waits_.begin();
  Done done = std::move(first->second);
  waits_.erase(first);
  done(container);
}

std::uint64_t OomEvents::Await(Done done) {
  if (!events_.empty()) {
    std::string container = std::move(events_.front());
    events_.pop_front();
    done(std::move(container));
    return 0;
  }
  waits_.emplace(++last_wait_, std::move(done));
  return last_wait_;
}

void OomEvents::Forget(const std::string& container) {
  events_.erase(std::remove(events_.begin(), events_.end(), container), events_.end());
}

}  // namespace fakes
