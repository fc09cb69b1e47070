// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/accounting.h"
#include "conformance/harness/run_info.h"
#include "conformance/reports/report.h"

namespace conformance {

// A made-up run that holds every kind of result, for golden tests of the report formats. Lives as
// long as the results point into it.
class SampleRun {
 public:
  SampleRun();
  SampleRun(const SampleRun&) = delete;
  SampleRun& operator=(const SampleRun&) = delete;

  const RunInfo& info() const { return info_; }
  // All calls of a whole run; checks end in reverse order, as they may with several workers.
  void Tell(Report& report) const;

 private:
  std::vector<Check> checks_;
  Expectation expectation_;
  RunInfo info_;
  SubjectInfo subject_;
  std::vector<CheckResult> results_;
  Summary summary_;
};

// Expects `actual` to be the content of golden/`name`. With SHIMGAUGE_UPDATE_GOLDEN in the
// environment it becomes the content.
void ExpectGolden(const std::string& actual, const std::string& name);

}  // namespace conformance
