// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "benchmarks/interrupts.h"
#include "benchmarks/result.h"

namespace benchmarks {

// One side to be measured.
struct ShimProgram {
  std::string name;
  std::string path;  // absolute
  std::string sha256;
  std::string version;
};

// What a run measures, and how.
struct MeasurePlan {
  std::vector<ShimProgram> shims;
  std::vector<std::string> metrics;  // of AllMetrics()
  int rounds = 1;                    // blocks per shim
  int cycles = 1000;                 // of "growth"
  std::uint64_t seed = 0;
  std::string engine;       // absolute path of an OCI engine
  std::string engine_name;  // as results call it
  std::string fixtures;     // directory with the programs that run in containers
  bool pinned = false;      // driver on the first CPU, shims on the others
  // Told what is measured now, in a copy of this process; may be empty.
  std::function<void(const std::string&)> progress;
};

// Measures: in each round, for each group of metrics, one block of every shim, in an order that is
// drawn for every other round and reversed in the one that follows (A B B A). A block is a process
// tree of its own whose first sample is discarded. What a shim cannot do becomes a gap of its side,
// and is not tried again. An interrupt ends it early with what there is (complete = false).
// PERMISSION_DENIED without root; other errors are those of making the world. Needs to be called
// from the only thread.
absl::StatusOr<BenchResult> Measure(const MeasurePlan& plan, Interrupts& interrupts);

// How long a call takes this driver against a server that answers at once and does nothing, in
// milliseconds: the part of every time that is not the shim's.
absl::StatusOr<double> MeasureDriver(Interrupts& interrupts);

}  // namespace benchmarks
