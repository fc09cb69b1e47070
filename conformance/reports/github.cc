// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/github.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "conformance/harness/names.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/markdown.h"
#include "conformance/reports/markup.h"
#include "conformance/reports/overview.h"

namespace conformance {
namespace {

constexpr std::size_t kAnnotationBytesMax = 4 * 1024;

// A line for the log. A runner reads `::` at the start of a line, blanks aside, and `##[` anywhere
// as a command.
std::string LogLine(absl::string_view text) {
  return absl::StrCat("\u2502 ", absl::StrReplaceAll(Printable(text), {{"##[", "##\\x5b"}}), "\n");
}

std::string LogLines(const std::string& text) {
  std::string lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    lines += LogLine(line);
  }
  return lines;
}

std::string CheckLine(const CheckResult& result) {
  const std::string text = absl::StrCat(
      ResultName(result.result), " ", result.planned.check->id, "  ", SecondsText(TimeOf(result)),
      result.result == Result::kSkip
          ? absl::StrCat("  ", SkipKindName(result.skip_kind()), ": ", result.skip_reason())
          : "",
      result.result == Result::kXfail
          ? absl::StrCat("  ", WhyCode(result), ", ", result.planned.expectation->reference)
          : "");
  return LogLine(text);
}

std::string Annotation(const CheckResult& result, const RunInfo& run) {
  const Check& check = *result.planned.check;
  const std::string title =
      absl::StrCat(absl::AsciiStrToUpper(ResultName(result.result)), " ", check.id, " (",
                   absl::AsciiStrToUpper(LevelName(check.level)), " ",
                   absl::StrJoin(check.requirements, " "), ")");
  std::string text = WhyText(result);
  if (const Attempt* attempt = result.evidence(); attempt != nullptr && !attempt->whys.empty()) {
    const Why& why = attempt->whys.front();
    if (!why.expected.empty()) absl::StrAppend(&text, "\nexpected: ", why.expected);
    if (!why.observed.empty()) absl::StrAppend(&text, "\nobserved: ", why.observed);
  }
  if (!result.unexpected_text.empty()) absl::StrAppend(&text, "\n", result.unexpected_text);
  absl::StrAppend(&text, "\nagain: ", AgainCommand(result, run));
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(Shortened(text, kAnnotationBytesMax), '\n')) {
    lines.push_back(Printable(line));
  }
  return absl::StrCat("::error title=", GithubProperty(Printable(title)),
                      "::", GithubData(absl::StrJoin(lines, "\n")), "\n");
}

class GithubReport : public FinishedReport {
 public:
  GithubReport(std::unique_ptr<Output> output, GithubFiles files)
      : output_(std::move(output)), files_(std::move(files)) {}

  void RunStarted(const RunInfo& run) override {
    FinishedReport::RunStarted(run);
    output_->Write(
        LogLine(absl::StrCat("shimgauge ", run.suite_version, "  seed ", SeedText(run.seed), "  ",
                             run.shim_path, "  sha256:", run.shim_sha256.substr(0, 12))));
  }
  absl::Status status() const override {
    return output_->status().ok() ? append_status_ : output_->status();
  }

 private:
  void Write(const FinishedRun& finished) override {
    const Summary& summary = finished.summary;
    for (const CheckResult& result : finished.results) {
      const std::string area = AreaOf(result.planned.check->id);
      if (area != area_) EndArea();
      area_ = area;
      counts_.Add(result);
      lines_ += CheckLine(result);
    }
    EndArea();
    for (const CheckResult& result : finished.results) {
      if (NeedsLook(result)) output_->Write(Annotation(result, *finished.run));
    }
    for (const std::string& stale : summary.stale_expectations) {
      output_->Write(absl::StrCat("::warning title=stale expectation::", GithubData(stale), "\n"));
    }
    output_->Write(LogLine(absl::StrCat(StandingName(StandingOf(summary)), "  ",
                                        absl::StrJoin(LevelScores(summary), ", "))));
    for (const std::string& reason : Reasons(summary)) output_->Write(LogLine(reason));
    Append(files_.summary, MarkdownSummary(finished));
    Append(files_.output, Outputs(summary));
  }

  // The log of an area: folded while it is as expected, evidence below the fold.
  void EndArea() {
    if (area_.empty()) return;
    output_->Write(absl::StrCat("::group::", GithubData(area_), " ", counts_.of(Result::kPass), "/",
                                counts_.total(), " pass", "\n", lines_, "::endgroup::\n"));
    for (const CheckResult& result : finished().results) {
      if (AreaOf(result.planned.check->id) != area_ || !NeedsLook(result)) continue;
      output_->Write(CheckLine(result) + LogLines(EvidenceText(result, *finished().run)));
    }
    lines_.clear();
    counts_ = Counts();
  }

  static std::string Outputs(const Summary& summary) {
    const Counts::LevelCounts must = summary.counts.at(Level::kMust);
    return absl::StrCat(
        "verdict=",
        absl::StrReplaceAll(absl::AsciiStrToLower(StandingName(StandingOf(summary))), {{" ", "-"}}),
        "\nmust=", must.passed, "/", must.judged, "\nunexpected=", summary.counts.unexpected(),
        "\nexit-code=", ExitCodeOf(summary), "\n");
  }

  void Append(const std::string& path, const std::string& text) {
    if (path.empty()) return;
    const absl::StatusOr<std::unique_ptr<Output>> file = Output::Open(path, Output::Mode::kAppend);
    if (file.ok()) (*file)->Write(text);
    const absl::Status status = file.ok() ? (*file)->status() : file.status();
    if (append_status_.ok()) append_status_ = status;
  }

  std::unique_ptr<Output> output_;
  GithubFiles files_;
  std::string area_;
  std::string lines_;
  Counts counts_;
  absl::Status append_status_;
};

}  // namespace

GithubFiles GithubFilesOfEnvironment() {
  const char* summary = std::getenv("GITHUB_STEP_SUMMARY");
  const char* output = std::getenv("GITHUB_OUTPUT");
  return {.summary = summary == nullptr ? "" : summary, .output = output == nullptr ? "" : output};
}

std::string GithubData(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"%", "%25"}, {"\r", "%0D"}, {"\n", "%0A"}});
}

std::string GithubProperty(absl::string_view text) {
  return absl::StrReplaceAll(GithubData(text), {{":", "%3A"}, {",", "%2C"}});
}

std::unique_ptr<Report> MakeGithubReport(std::unique_ptr<Output> output, GithubFiles files) {
  return std::make_unique<GithubReport>(std::move(output), std::move(files));
}

}  // namespace conformance
