// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "benchmarks/record.h"
#include "benchmarks/result.h"

// Files of users that sub-commands of `bench` read and write. Errors are meant for Complain():
// INVALID_ARGUMENT for what cannot be read, INTERNAL for what cannot be written.
namespace conformance {

inline constexpr char kDefaultHistory[] = "bench-history.jsonl";

// A result that was not interrupted.
absl::StatusOr<benchmarks::BenchResult> ReadCompleteResult(const std::string& path);

// A history. With `or_none` a file that is not there is an empty one.
absl::StatusOr<std::vector<benchmarks::Record>> ReadRecords(const std::string& path,
                                                            bool or_none = false);
absl::Status AppendRecords(const std::string& path, const std::vector<benchmarks::Record>& records);

// The record of `side` with the time of now.
benchmarks::Record RecordNow(const benchmarks::BenchResult& result, const benchmarks::Side& side,
                             const std::string& commit);

}  // namespace conformance
