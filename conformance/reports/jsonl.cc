// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/jsonl.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "conformance/reports/finished_run.h"
#include "conformance/reports/json_records.h"

namespace conformance {
namespace {

using Json = nlohmann::ordered_json;

class JsonLinesReport : public Report {
 public:
  explicit JsonLinesReport(std::unique_ptr<Output> output) : output_(std::move(output)) {}

  void RunStarted(const RunInfo& run) override {
    run_ = &run;
    Write("run.start", RunRecord(run));
  }
  void Probed(const SubjectInfo& subject, const std::string& engine) override {
    Write("probe", ProbeRecord(subject, engine));
  }
  void CheckStarted(const PlannedCheck& check) override {
    Write("check.start", {{"id", check.check->id}});
  }
  void AttemptEnded(const PlannedCheck& check, const Attempt& attempt) override {
    Json record = {{"id", check.check->id}};
    record.update(AttemptRecord(attempt));
    Write("attempt.end", record);
  }
  void CheckEnded(const CheckResult& result) override {
    Write("check.end", CheckRecord(result, *run_));
  }
  void RunEnded(const Summary& summary, const std::vector<CheckResult>&,
                std::chrono::microseconds took) override {
    Write("run.end", SummaryRecord(summary, took));
  }
  absl::Status status() const override { return output_->status(); }

 private:
  void Write(const char* type, const Json& record) {
    Json line = {{"t", type}};
    line.update(record);
    output_->Write(JsonText(line) + "\n");
  }

  std::unique_ptr<Output> output_;
  const RunInfo* run_ = nullptr;
};

}  // namespace

std::unique_ptr<Report> MakeJsonLinesReport(std::unique_ptr<Output> output) {
  return std::make_unique<JsonLinesReport>(std::move(output));
}

std::unique_ptr<Report> MakeJsonReport(std::unique_ptr<Output> output) {
  return MakeFinishedReport(std::move(output), [](const FinishedRun& finished) {
    return JsonText(ResultRecord(finished), 1) + "\n";
  });
}

}  // namespace conformance
