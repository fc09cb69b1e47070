// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "conformance/reports/output.h"
#include "conformance/reports/report.h"

namespace conformance {

// Everything that is known at the end of a run. `run` is borrowed.
struct FinishedRun {
  const RunInfo* run = nullptr;
  SubjectInfo subject;
  std::string engine;
  Summary summary;
  std::vector<CheckResult> results;
  std::chrono::microseconds took{0};
};

// A report that is one text made at the end.
std::unique_ptr<Report> MakeFinishedReport(std::unique_ptr<Output> output,
                                           std::function<std::string(const FinishedRun&)> to_text);

// Tells a report all of a run, as if it took place again.
void Retell(const FinishedRun& finished, Report& report);

// Gathers what a report is told. Reports that do more than write one text derive from it.
class FinishedReport : public Report {
 public:
  void RunStarted(const RunInfo& run) override { finished_.run = &run; }
  void Probed(const SubjectInfo& subject, const std::string& engine) override {
    finished_.subject = subject;
    finished_.engine = engine;
  }
  void RunEnded(const Summary& summary, const std::vector<CheckResult>& results,
                std::chrono::microseconds took) final {
    finished_.summary = summary;
    finished_.results = results;
    finished_.took = took;
    Write(finished_);
  }

 protected:
  virtual void Write(const FinishedRun& finished) = 0;
  [[nodiscard]] const FinishedRun& finished() const { return finished_; }

 private:
  FinishedRun finished_;
};

}  // namespace conformance
