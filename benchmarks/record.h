// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "benchmarks/result.h"
#include "benchmarks/statistics.h"

namespace benchmarks {

// What is kept of one shim of one run: a line of a history.
struct Record {
  std::string time;           // when it was added, RFC 3339 in UTC
  std::string commit;         // of what was measured; empty: not known
  std::string host;           // HostKey
  std::string configuration;  // ConfigurationKey
  std::string shim;           // its name, sha256 and version, as in Side
  std::string sha256;
  std::string version;
  // By metric: the median over blocks with its 95 % interval.
  std::map<std::string, Estimate> figures;
};

// What figures must have in common to be comparable. The key of a host is a digest with its most
// telling parts in front: "2cpu-6.18.3-1f0c9a77"; memory counts in GiB, since firmware takes some
// of it. How many rounds there were is no part of a configuration.
std::string HostKey(const HostFingerprint& host);
std::string ConfigurationKey(const Configuration& configuration);

// The value of each block: the quantile that the metric asks for. Blocks that were disturbed are
// left out, unless all were.
std::vector<double> BlockValues(const Metric& metric, const std::vector<Block>& blocks);
// Median over BlockValues.
Estimate FigureOf(const Metric& metric, const std::vector<Block>& blocks, std::uint64_t seed);

// The record of a side of `result`. Metrics that this build does not know are left out.
Record MakeRecord(const BenchResult& result, const Side& side);

// One JSON object on one line, with the newline.
std::string RecordToJson(const Record& record);
// INVALID_ARGUMENT names the key and what was expected; unknown keys are an error.
absl::StatusOr<Record> RecordFromJson(absl::string_view line);

// A history: a file with a record per line, oldest first, to be kept in the repository of the shim.
// Errors of reading name file and line; a file that is not there is NOT_FOUND.
absl::StatusOr<std::vector<Record>> ReadHistory(const std::string& path);
// Appends all of `records` or none; makes the file. FAILED_PRECONDITION when it does not end
// with a newline.
absl::Status AppendHistory(const std::string& path, const std::vector<Record>& records);

}  // namespace benchmarks
