// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/deadline_set.h"

namespace ttrpc {

Clock::time_point DeadlineAfter(Clock::time_point now, std::chrono::nanoseconds timeout) {
  if (timeout > Clock::time_point::max() - now) return Clock::time_point::max();
  return now + timeout;
}

std::optional<Clock::time_point> DeadlineSet::Next() const {
  if (set_.empty()) return std::nullopt;
  return set_.begin()->first;
}

std::optional<std::uint32_t> DeadlineSet::TakeExpired(Clock::time_point now) {
  if (set_.empty() || set_.begin()->first > now) return std::nullopt;
  const std::uint32_t stream = set_.begin()->second;
  set_.erase(set_.begin());
  return stream;
}

}  // namespace ttrpc
