// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/finished_run.h"

#include <utility>

namespace conformance {
namespace {

class TextOfFinishedRun : public FinishedReport {
 public:
  TextOfFinishedRun(std::unique_ptr<Output> output,
                    std::function<std::string(const FinishedRun&)> to_text)
      : output_(std::move(output)), to_text_(std::move(to_text)) {}
  absl::Status status() const override { return output_->status(); }

 private:
  void Write(const FinishedRun& finished) override {
    output_->Write(to_text_(finished));
    output_->Finish();
  }

  std::unique_ptr<Output> output_;
  std::function<std::string(const FinishedRun&)> to_text_;
};

}  // namespace

void Retell(const FinishedRun& finished, Report& report) {
  report.RunStarted(*finished.run);
  report.Probed(finished.subject, finished.engine);
  for (const CheckResult& result : finished.results) {
    for (const Attempt& attempt : result.attempts) {
      report.CheckStarted(result.planned);
      report.AttemptEnded(result.planned, attempt);
    }
    report.CheckEnded(result);
  }
  report.RunEnded(finished.summary, finished.results, finished.took);
}

std::unique_ptr<Report> MakeFinishedReport(std::unique_ptr<Output> output,
                                           std::function<std::string(const FinishedRun&)> to_text) {
  return std::make_unique<TextOfFinishedRun>(std::move(output), std::move(to_text));
}

}  // namespace conformance
