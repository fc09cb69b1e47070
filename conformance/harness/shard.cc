// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/shard.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>

namespace conformance {
namespace {

using std::chrono::microseconds;

microseconds Median(const Durations& durations) {
  if (durations.empty()) return microseconds(1);
  std::vector<microseconds> times;
  for (const auto& [id, time] : durations) times.push_back(time);
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2),
                   times.end());
  return times[times.size() / 2];
}

microseconds WeightOf(const PlannedCheck& planned, const Durations& durations,
                      microseconds median) {
  if (planned.skip) return microseconds(0);
  const auto found = durations.find(planned.check->id);
  return found == durations.end() ? median : found->second;
}

}  // namespace

absl::StatusOr<Shard> ParseShard(absl::string_view text) {
  Shard shard;
  const std::size_t slash = text.find('/');
  if (slash == absl::string_view::npos || !absl::SimpleAtoi(text.substr(0, slash), &shard.index) ||
      !absl::SimpleAtoi(text.substr(slash + 1), &shard.of)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--shard ", text, ": expected NUMBER/TOTAL, such as 2/4"));
  }
  if (shard.of > kShardsMax || shard.index < 1 || shard.index > shard.of) {
    return absl::InvalidArgumentError(absl::StrCat("--shard ", text,
                                                   ": shards count from 1 to their number, which "
                                                   "is at most ",
                                                   kShardsMax));
  }
  return shard;
}

std::vector<PlannedCheck> TakeShard(const std::vector<PlannedCheck>& plan, const Shard& shard,
                                    const Durations& durations) {
  if (shard.whole()) return plan;
  const microseconds median = Median(durations);
  std::vector<std::size_t> order(plan.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto weight = [&](std::size_t i) { return WeightOf(plan[i], durations, median); };
  // The longest first, each to the part that is shortest so far; ties go by id. What takes no time
  // goes to the part with the fewest checks.
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const std::pair<microseconds, const std::string&> left(weight(b), plan[a].check->id);
    const std::pair<microseconds, const std::string&> right(weight(a), plan[b].check->id);
    return left < right;
  });
  struct Part {
    microseconds time{0};
    std::size_t checks = 0;
  };
  std::vector<Part> parts(static_cast<std::size_t>(shard.of));
  std::vector<bool> mine(plan.size());
  for (const std::size_t i : order) {
    const bool weightless = weight(i) == microseconds(0);
    const auto lightest =
        std::min_element(parts.begin(), parts.end(), [weightless](const Part& a, const Part& b) {
          if (weightless) return a.checks < b.checks;
          return std::pair(a.time, a.checks) < std::pair(b.time, b.checks);
        });
    lightest->time += weight(i);
    ++lightest->checks;
    mine[i] = lightest - parts.begin() == shard.index - 1;
  }
  std::vector<PlannedCheck> taken;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (mine[i]) taken.push_back(plan[i]);
  }
  return taken;
}

SelectionDigest DigestOf(const std::vector<PlannedCheck>& plan) {
  std::uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a
  for (const PlannedCheck& planned : plan) {
    for (const char c : planned.check->id + "\n") {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    }
  }
  return {.checks = plan.size(), .digest = absl::StrCat(absl::Hex(hash, absl::kZeroPad16))};
}

}  // namespace conformance
