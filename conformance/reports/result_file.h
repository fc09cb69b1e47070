// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "conformance/reports/finished_run.h"

namespace conformance {

// A run of the past, read back from its results.json or its stream: enough to be reported in any
// format, compared, merged and used for planning. The evidence is what the file holds: histories
// and logs within their limits, none of checks that passed.
//
// Move-only: `finished` points into the object.
class ResultFile {
 public:
  // INVALID_ARGUMENT names file, field and what was expected: no such file, no JSON, another
  // schema, a stream that was cut off.
  static absl::StatusOr<ResultFile> Read(const std::string& path);
  static absl::StatusOr<ResultFile> Parse(absl::string_view text, const std::string& name);

  ResultFile(ResultFile&&) = default;
  ResultFile& operator=(ResultFile&&) = default;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const FinishedRun& finished() const { return finished_; }
  [[nodiscard]] const RunInfo& run() const { return *run_; }
  [[nodiscard]] bool complete() const { return complete_; }
  // The result of this check, or nullptr.
  [[nodiscard]] const CheckResult* Find(absl::string_view check_id) const;
  // How long each check took that was run, one execution of it.
  [[nodiscard]] std::map<std::string, std::chrono::microseconds> Durations() const;

 private:
  friend class ResultFileReader;
  ResultFile() = default;

  std::string name_;
  std::unique_ptr<RunInfo> run_;  // at an address of its own: borrowed by `finished_`
  std::deque<Check> checks_;
  std::deque<Expectation> expectations_;
  FinishedRun finished_;
  bool complete_ = true;
};

}  // namespace conformance
