// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>
#include <vector>

namespace benchmarks {

// kProxy: counted, not timed, so that a noisy host does not spoil it.
enum class MetricKind { kTime, kMemory, kProxy, kThroughput };

// What can be measured of a shim.
struct Metric {
  std::string name;  // kebab-case; the key in result files, baselines and on the command line
  std::string unit;  // "ms", "KiB", "B", "1/s"; empty for plain counts
  MetricKind kind = MetricKind::kTime;
  bool lower_is_better = true;
  std::string about;      // one phrase for people
  double quantile = 0.5;  // of a block's samples: what stands for the block
};

// All there are, in the order of reports. Names are stable: files of users hold them.
const std::vector<Metric>& AllMetrics();

// nullptr: there is none of that name.
const Metric* FindMetric(absl::string_view name);

// "time", "memory", "proxy" or "throughput".
absl::string_view MetricKindName(MetricKind kind);

}  // namespace benchmarks
