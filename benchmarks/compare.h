// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "benchmarks/decision.h"
#include "benchmarks/result.h"

namespace benchmarks {

// One batch of measurements, of pairs of a side before and a side after.
struct BatchRequest {
  bool same = false;  // the old side against itself
  std::vector<std::string> metrics;
  int rounds = 0;
  std::uint64_t seed = 0;
};
// Returns a result with two sides of `rounds` blocks; one with less when interrupted, which is then
// not complete.
using MeasureBatch = std::function<absl::StatusOr<BenchResult>(const BatchRequest& request)>;

struct CompareOptions {
  double margin = 0.05;
  std::vector<std::string> metrics;  // without "growth"
  int rounds = 12;                   // of the A/A batch, of the first batch and of each further one
  std::chrono::seconds budget{180};  // no further batch for undecided metrics begins after it
  std::uint64_t seed = 0;
};

// What came of one metric.
struct CompareRow {
  const Metric* metric = nullptr;
  PairedChange change;
  Judgement judgement = Judgement::kUndecided;
  double noise = 0;        // what a comparison of the old side with itself showed, as a share
  bool gates = false;      // that is within half the margin
  bool confirmed = false;  // regressed: a second independent batch said so too
  bool refuted = false;    // regressed at first, which a second batch did not find
  int confirming_pairs = 0;
};

struct CompareReport {
  BenchResult result;  // all blocks of the comparison proper, both batches
  std::vector<CompareRow> rows;
  // Metric -> why it was not compared. `broken`: the new side fails where the old one does not.
  std::map<std::string, std::string> gaps;
  std::vector<std::string> broken;
  bool complete = true;

  // Names of metrics that gate and whose regression was confirmed.
  [[nodiscard]] std::vector<std::string> Regressions() const;
  [[nodiscard]] bool AnyUndecided() const;
};

// The whole procedure: a comparison of the old side with itself, which says what may gate; the
// comparison; more rounds of what is undecided and may gate, while there is budget; a second batch
// for what regressed. Errors are those of `measure`. Reads the time by `now` only.
absl::StatusOr<CompareReport> CompareShims(
    const CompareOptions& options, const MeasureBatch& measure,
    const std::function<std::chrono::steady_clock::time_point()>& now);

}  // namespace benchmarks
