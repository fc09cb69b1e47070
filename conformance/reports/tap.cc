// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/tap.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conformance/harness/names.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/json_records.h"
#include "conformance/reports/markup.h"
#include "conformance/reports/overview.h"

namespace conformance {
namespace {

constexpr std::size_t kEvidenceBytesMax = 8 * 1024;

// In a description or a directive: one line, and no `#` that would begin a directive.
std::string Description(absl::string_view text) {
  std::string escaped;
  for (const char c : Printable(text)) {
    if (c == '#' || c == '\\') escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

bool IsOk(Result result) { return result == Result::kPass || result == Result::kSkip; }

std::string Directive(const CheckResult& result) {
  switch (result.result) {
    case Result::kSkip:
      return absl::StrCat(" # SKIP ", Description(absl::StrCat(SkipKindName(result.skip_kind()),
                                                               ": ", result.skip_reason())));
    case Result::kXfail:
      return absl::StrCat(" # TODO ",
                          Description(absl::StrCat("expected ", WhyCode(result), ": ",
                                                   result.planned.expectation->reference)));
    default:
      return "";
  }
}

// "  key: value", the value in JSON, which YAML understands.
void AddKey(absl::string_view key, const nlohmann::ordered_json& value, std::string& out) {
  absl::StrAppend(&out, "  ", key, ": ", JsonText(value), "\n");
}

std::string Diagnostics(const CheckResult& result, const RunInfo& run) {
  const Check& check = *result.planned.check;
  std::string yaml = "  ---\n";
  AddKey("verdict", std::string(ResultName(result.result)), yaml);
  AddKey("level", std::string(LevelName(check.level)), yaml);
  AddKey("requirements", check.requirements, yaml);
  if (!result.unexpected_text.empty()) AddKey("differs", result.unexpected_text, yaml);
  if (const Attempt* attempt = result.evidence(); attempt != nullptr && !attempt->whys.empty()) {
    const Why& why = attempt->whys.front();
    AddKey("why", why.code, yaml);
    AddKey("message", Shortened(why.text, kEvidenceBytesMax), yaml);
    if (!why.expected.empty()) AddKey("expected", Shortened(why.expected, kEvidenceBytesMax), yaml);
    if (!why.observed.empty()) AddKey("observed", Shortened(why.observed, kEvidenceBytesMax), yaml);
  }
  if (result.result != Result::kNotRun) {
    // The text is indented itself, hence the number.
    absl::StrAppend(&yaml, "  evidence: |2\n");
    const std::string evidence = Shortened(EvidenceText(result, run), kEvidenceBytesMax);
    for (const absl::string_view line : absl::StrSplit(evidence, '\n', absl::SkipEmpty())) {
      absl::StrAppend(&yaml, "    ", line, "\n");
    }
  }
  return yaml + "  ...\n";
}

class TapReport : public Report {
 public:
  explicit TapReport(std::unique_ptr<Output> output) : output_(std::move(output)) {}

  void RunStarted(const RunInfo& run) override {
    run_ = &run;
    waiting_.resize(run.plan.size());
    output_->Write(absl::StrCat("TAP version 14\n1..", run.plan.size(), "\n# shim ",
                                Printable(run.shim_path), "\n# seed ", SeedText(run.seed), "\n"));
  }

  void CheckEnded(const CheckResult& result) override {
    waiting_[result.index] = Point(result);
    while (next_ < waiting_.size() && waiting_[next_]) {
      output_->Write(*waiting_[next_]);
      waiting_[next_].reset();
      ++next_;
    }
  }

  void RunEnded(const Summary& summary, const std::vector<CheckResult>&,
                std::chrono::microseconds) override {
    for (const std::optional<std::string>& point : waiting_) {
      if (point) output_->Write(*point);
    }
    output_->Write(absl::StrCat("# ", StandingName(StandingOf(summary)), "  ",
                                absl::StrJoin(LevelScores(summary), ", "), "\n"));
    for (const std::string& reason : Reasons(summary)) {
      output_->Write(absl::StrCat("# ", Printable(reason), "\n"));
    }
    if (summary.interrupted || !summary.harness_problems.empty()) {
      output_->Write(absl::StrCat("Bail out! ", Printable(Reasons(summary).front()), "\n"));
    }
  }
  absl::Status status() const override { return output_->status(); }

 private:
  std::string Point(const CheckResult& result) const {
    const bool told =
        NeedsLook(result) || result.result == Result::kXfail || result.result == Result::kNotRun;
    return absl::StrCat(IsOk(result.result) ? "ok " : "not ok ", result.index + 1, " - ",
                        Description(result.planned.check->id), Directive(result), "\n",
                        told ? Diagnostics(result, *run_) : "");
  }

  std::unique_ptr<Output> output_;
  const RunInfo* run_ = nullptr;
  std::vector<std::optional<std::string>> waiting_;  // finished before their turn
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Report> MakeTapReport(std::unique_ptr<Output> output) {
  return std::make_unique<TapReport>(std::move(output));
}

}  // namespace conformance
