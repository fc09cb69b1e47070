// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "conformance/harness/accounting.h"

namespace conformance {

// One part of a run that is spread over several machines.
struct Shard {
  int index = 1;  // from 1
  int of = 1;
  [[nodiscard]] bool whole() const { return of == 1; }
  friend bool operator==(const Shard&, const Shard&) = default;
};

inline constexpr int kShardsMax = 1000;

// "2/4". INVALID_ARGUMENT says what is wrong.
absl::StatusOr<Shard> ParseShard(absl::string_view text);

// How long executions of checks took in the past, by id.
using Durations = std::map<std::string, std::chrono::microseconds>;

// The part of `plan` that belongs to `shard`, in its order: every check is in exactly one of
// `shard.of` parts, which one depends on nothing but the arguments. The parts are about equally
// long by `durations`; a check that is not in there counts as the median of those that are.
std::vector<PlannedCheck> TakeShard(const std::vector<PlannedCheck>& plan, const Shard& shard,
                                    const Durations& durations);

// What was selected before it was cut into shards; equal for all shards of one run.
struct SelectionDigest {
  std::size_t checks = 0;
  std::string digest;  // of their ids, in hexadecimal
  friend bool operator==(const SelectionDigest&, const SelectionDigest&) = default;
};
SelectionDigest DigestOf(const std::vector<PlannedCheck>& plan);

}  // namespace conformance
