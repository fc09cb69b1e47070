// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

namespace ttrpc {

using Clock = std::chrono::steady_clock;

// `timeout` from `now`, without overflow: what would lie beyond the clock's range is its end.
Clock::time_point DeadlineAfter(Clock::time_point now, std::chrono::nanoseconds timeout);

// Which of a connection's streams expires next.
class DeadlineSet {
 public:
  void Add(Clock::time_point deadline, std::uint32_t stream) { set_.emplace(deadline, stream); }
  void Remove(Clock::time_point deadline, std::uint32_t stream) { set_.erase({deadline, stream}); }
  void Clear() { set_.clear(); }

  // The earliest deadline, if any.
  [[nodiscard]] std::optional<Clock::time_point> Next() const;
  // Takes one stream whose deadline is `now` or earlier.
  std::optional<std::uint32_t> TakeExpired(Clock::time_point now);

 private:
  std::set<std::pair<Clock::time_point, std::uint32_t>> set_;
};

}  // namespace ttrpc
