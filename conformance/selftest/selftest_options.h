// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <string>
#include <vector>

#include "conformance/harness/check.h"
#include "conformance/harness/commands.h"

namespace conformance {

// The options of `shimgauge selftest ...` as given.
struct SelftestOptions {
  std::vector<std::string> selectors;  // of faults, null subjects or variants
  std::vector<std::string> checks;     // --check: selectors of checks
  std::string shim;                    // the healthy subject; empty: the reference shim
  std::string profile;
  std::string engine;
  int jobs = 0;  // judges at a time; of `null` and `legal`: checks. 0: by the number of CPUs
  int repeat = 1;
  double deadline_scale = 1.0;
  double at_least = 0;  // races: the kill probability that must be shown
  std::string shard;    // "2/4"
  std::string shuffle;  // text that an order of the faults is made from; empty: as listed
  std::chrono::milliseconds budget{0};  // after which no fault is begun; 0: none
  std::string keep;                     // directory of results that may be used again
  bool keep_earlier = false;            // those of other programs as well
  std::string result;                   // file to be written
  std::string revision;                 // of the tree, for the result
  std::vector<std::string> earlier;     // of `page`: results of other revisions
  std::string reports;                  // directory for the judge's reports of what is red
  int limit = 600;                      // seconds that a null subject may take
  bool list = false;
  bool figures = false;  // the README's sentences instead of a page
  bool digest = false;   // what a page is about instead of a page
};

// `selftest faults` (a fault's own checks) and `matrix` (all checks). Return the exit code.
int SelftestFaultsCommand(const SelftestOptions& options, const std::vector<Check>& checks);
int SelftestMatrixCommand(const SelftestOptions& options, const std::vector<Check>& checks);
// `selftest null` and `selftest legal`.
int SelftestNullCommand(const SelftestOptions& options);
int SelftestLegalCommand(const SelftestOptions& options);
// `selftest bench`, with options of its own.
CommandAction DefineSelftestBench(CLI::App& app);
// `selftest page`; the selectors are result files.
int SelftestPageCommand(const SelftestOptions& options, const std::vector<Check>& checks);

// --budget: a time from a second to a week, after which no further `what` ("fault") is begun.
void AddBudget(CLI::App& app, const std::string& what, std::chrono::milliseconds& budget);
// INVALID_ARGUMENT for numbers out of range.
absl::Status CheckSelftestRanges(const SelftestOptions& options);
// The absolute path of a directory that `option` names and that is made; empty without one.
// INVALID_ARGUMENT names both.
absl::StatusOr<std::string> MakeNamedDirectory(absl::string_view option,
                                               const std::string& directory);
// --jobs, or so many for each CPU.
int JobsOf(const SelftestOptions& options, int per_cpu);

}  // namespace conformance
