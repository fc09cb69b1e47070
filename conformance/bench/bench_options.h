// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "benchmarks/measure.h"

namespace CLI {
class App;
}

namespace conformance {

// What the sub-commands that measure have in common on the command line.
struct BenchOptions {
  std::string engine = "fake";  // "fake", "real" or a path
  std::string fixtures;
  std::vector<std::string> metrics;  // words of SelectMetrics
  int rounds = 12;
  std::uint64_t seed = 1;
  bool pin = true;
  std::string result;  // file; empty: none
};

// Adds them to `app`, with the values `options` holds as defaults. It has to outlive the parsing.
void AddBenchOptions(CLI::App& app, BenchOptions& options);

// Names of metrics by words that are names, globs or kinds ("time", "proxy"...), in the order of
// the table; none: all. INVALID_ARGUMENT for a word that fits nothing.
absl::StatusOr<std::vector<std::string>> SelectMetrics(const std::vector<std::string>& words);

// "PATH", "NAME-IN-PATH" or "LABEL=" and one of them; without a label the side is called by its
// file name. Reads its digest and asks for its version.
absl::StatusOr<benchmarks::ShimProgram> DescribeShim(const std::string& argument);

// All that Measure() needs, with `shims` described as above; two sides of the same name are told
// apart by a number. Progress goes to a terminal only. Errors as of Complain().
absl::StatusOr<benchmarks::MeasurePlan> MakeMeasurePlan(const BenchOptions& options,
                                                        const std::vector<std::string>& shims);

// Says what goes on in one line of standard error that is written over; nothing without a terminal.
std::function<void(const std::string&)> TerminalProgress();

// For what Measure() and CompareHere() return: PERMISSION_DENIED is an unfit host (3), CANCELLED an
// interrupt (130); others as of Complain().
int ComplainOfBench(const absl::Status& status);

}  // namespace conformance
