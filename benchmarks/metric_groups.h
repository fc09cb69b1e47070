// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <vector>

#include "benchmarks/result.h"
#include "benchmarks/session.h"

namespace benchmarks {

// Where one block is measured.
struct BlockPlace {
  const SessionSetting& setting;
  std::string shim;                  // path
  std::string id;                    // prefix of the names of containers, used by no other block
  std::vector<std::string> metrics;  // of the group: those that are wanted
  int cycles;                        // of "growth"
  int interrupt_fd;
};

// What a block gave: samples by metric, series by metric, and what could not be had and why.
struct BlockSamples {
  std::map<std::string, std::vector<double>> samples;
  std::map<std::string, Series> series;
  std::map<std::string, std::string> gaps;
};

// Metrics that are measured by the same doing.
struct MetricGroup {
  const char* name;
  std::vector<const char*> metrics;
  absl::StatusOr<BlockSamples> (*measure)(const BlockPlace& place);
};

// All of them; each metric is in exactly one.
const std::vector<MetricGroup>& MetricGroups();

// The groups' own functions. CANCELLED when interrupted.
absl::StatusOr<BlockSamples> MeasureFile(const BlockPlace& place);
absl::StatusOr<BlockSamples> MeasureBoot(const BlockPlace& place);
absl::StatusOr<BlockSamples> MeasureTask(const BlockPlace& place);
absl::StatusOr<BlockSamples> MeasureDeleteBinary(const BlockPlace& place);
absl::StatusOr<BlockSamples> MeasureTaskLoad(const BlockPlace& place);
absl::StatusOr<BlockSamples> MeasureExecLoad(const BlockPlace& place);
absl::StatusOr<BlockSamples> MeasureTrace(const BlockPlace& place);
absl::StatusOr<BlockSamples> MeasureGrowth(const BlockPlace& place);

}  // namespace benchmarks
