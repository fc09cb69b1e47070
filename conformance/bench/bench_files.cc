// SPDX-License-Identifier: Apache-2.0
#include "conformance/bench/bench_files.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <absl/time/time.h>

#include <utility>

#include "benchmarks/result_json.h"

namespace conformance {

absl::StatusOr<benchmarks::BenchResult> ReadCompleteResult(const std::string& path) {
  absl::StatusOr<benchmarks::BenchResult> result = benchmarks::ReadResultFile(path);
  if (!result.ok()) return absl::InvalidArgumentError(result.status().message());
  if (!result->complete) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": expected a whole result, but that run was interrupted"));
  }
  if (result->sides.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": sides: expected at least one"));
  }
  return result;
}

absl::StatusOr<std::vector<benchmarks::Record>> ReadRecords(const std::string& path, bool or_none) {
  absl::StatusOr<std::vector<benchmarks::Record>> records = benchmarks::ReadHistory(path);
  if (records.ok()) return records;
  if (or_none && absl::IsNotFound(records.status())) return std::vector<benchmarks::Record>();
  return absl::InvalidArgumentError(records.status().message());
}

absl::Status AppendRecords(const std::string& path,
                           const std::vector<benchmarks::Record>& records) {
  const absl::Status appended = benchmarks::AppendHistory(path, records);
  return appended.ok() ? appended : absl::InternalError(appended.message());
}

benchmarks::Record RecordNow(const benchmarks::BenchResult& result, const benchmarks::Side& side,
                             const std::string& commit) {
  benchmarks::Record record = benchmarks::MakeRecord(result, side);
  record.time = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone());
  record.commit = commit;
  return record;
}

}  // namespace conformance
