// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/markdown.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <utility>

#include "conformance/harness/names.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/markup.h"
#include "conformance/reports/overview.h"
#include "conformance/reports/text.h"

namespace conformance {
namespace {

constexpr std::size_t kRowsMax = 200;
constexpr std::size_t kEvidencesMax = 30;
constexpr std::size_t kEvidenceBytesMax = 16 * 1024;
constexpr std::size_t kSlowest = 3;
constexpr std::size_t kSkipsNamed = 5;

std::string Row(const std::vector<std::string>& cells) {
  return absl::StrCat("| ", absl::StrJoin(cells, " | "), " |\n");
}

std::string Head(const std::vector<std::string>& cells) {
  return absl::StrCat(Row(cells), Row(std::vector<std::string>(cells.size(), "---")));
}

std::string Code(absl::string_view text) {
  return absl::StrCat("<code>", XmlText(text), "</code>");
}

std::string Identity(const FinishedRun& finished) {
  const RunInfo& run = *finished.run;
  const std::string version = ShortVersion(finished.subject.version_text);
  return absl::StrCat(
      Code(run.shim_path), version.empty() ? "" : " ", MarkdownText(version), ", sha256 ",
      run.shim_sha256.substr(0, 12), "<br>", MarkdownText(run.host.kernel), ", cgroup ",
      run.host.cgroup_mode, ", ", run.host.root ? "root" : "not root", ", ", run.host.cpus, " cpu",
      finished.engine.empty() ? "" : ", engine ", MarkdownText(finished.engine), "<br>shimgauge ",
      run.suite_version, ", seed ", SeedText(run.seed), ", profile ",
      MarkdownText(run.profile.name), ", ", SecondsText(finished.took), "\n\n");
}

std::string Levels(const Summary& summary) {
  std::string table = Head({"level", "met", "judged", "known divergences"});
  for (const Level level : {Level::kMust, Level::kShould, Level::kMay}) {
    const Counts::LevelCounts counts = summary.counts.at(level);
    if (counts.judged == 0) continue;
    absl::StrAppend(&table,
                    Row({absl::AsciiStrToUpper(LevelName(level)), absl::StrCat(counts.passed),
                         absl::StrCat(counts.judged), absl::StrCat(counts.expected)}));
  }
  return table + "\n";
}

std::string Reasons(const FinishedRun& finished) {
  std::string text;
  for (const std::string& reason : conformance::Reasons(finished.summary)) {
    absl::StrAppend(&text, "- ", MarkdownText(reason), "\n");
  }
  for (const std::string& stale : finished.summary.stale_expectations) {
    absl::StrAppend(&text, "- stale expectation: ", MarkdownText(stale), "\n");
  }
  if (text.empty()) return "";
  return absl::StrCat("Exit code ", ExitCodeOf(finished.summary), ":\n\n", text, "\n");
}

std::string Unexpected(const FinishedRun& finished) {
  std::vector<const CheckResult*> red;
  for (const CheckResult& result : finished.results) {
    if (NeedsLook(result)) red.push_back(&result);
  }
  if (red.empty()) return "";
  std::string text = absl::StrCat("### Unexpected: ", red.size(), "\n\n",
                                  Head({"verdict", "check", "level", "requirement", "why"}));
  for (std::size_t i = 0; i < std::min(red.size(), kRowsMax); ++i) {
    const Check& check = *red[i]->planned.check;
    absl::StrAppend(&text, Row({std::string(ResultName(red[i]->result)), Code(check.id),
                                absl::AsciiStrToUpper(LevelName(check.level)),
                                absl::StrJoin(check.requirements, " "),
                                MarkdownText(Shortened(WhyText(*red[i]), 300))}));
  }
  if (red.size() > kRowsMax) absl::StrAppend(&text, "\n", red.size() - kRowsMax, " more\n");
  text += "\n";
  for (std::size_t i = 0; i < std::min(red.size(), kEvidencesMax); ++i) {
    absl::StrAppend(
        &text, "<details><summary>", Code(red[i]->planned.check->id), "</summary>\n\n",
        MarkdownBlock(Shortened(EvidenceText(*red[i], *finished.run), kEvidenceBytesMax)),
        "\n</details>\n\n");
  }
  if (red.size() > kEvidencesMax) {
    absl::StrAppend(&text, "The evidence of ", red.size() - kEvidencesMax,
                    " more is in the other reports.\n\n");
  }
  return text;
}

std::string Known(const FinishedRun& finished) {
  std::string rows;
  std::size_t count = 0;
  for (const CheckResult& result : finished.results) {
    if (result.result != Result::kXfail || ++count > kRowsMax) continue;
    const Expectation& expected = *result.planned.expectation;
    absl::StrAppend(&rows, Row({Code(result.planned.check->id),
                                absl::AsciiStrToUpper(LevelName(result.planned.check->level)),
                                std::string(KindName(expected.kind)), expected.why,
                                MarkdownText(expected.reference)}));
  }
  if (count == 0) return "";
  return absl::StrCat("<details><summary>Known divergences: ", count, "</summary>\n\n",
                      Head({"check", "level", "kind", "why", "reference"}), rows,
                      "\n</details>\n\n");
}

std::string Skipped(const FinishedRun& finished) {
  const auto skips = SkipsByReason(finished.results);
  if (skips.empty()) return "";
  std::string text =
      absl::StrCat("<details><summary>Skipped: ", finished.summary.counts.of(Result::kSkip),
                   "</summary>\n\n", Head({"reason", "checks", "such as"}));
  for (const auto& [reason, checks] : skips) {
    const std::vector<std::string> some(
        checks.begin(),
        checks.begin() + static_cast<std::ptrdiff_t>(std::min(checks.size(), kSkipsNamed)));
    absl::StrAppend(&text, Row({MarkdownText(reason), absl::StrCat(checks.size()),
                                Code(absl::StrJoin(some, ", "))}));
  }
  return text + "\n</details>\n\n";
}

std::string SlowestLine(const FinishedRun& finished) {
  const std::vector<const CheckResult*> slowest = Slowest(finished.results, kSlowest);
  if (slowest.empty()) return "";
  return absl::StrCat("Slowest: ",
                      absl::StrJoin(slowest, ", ",
                                    [](std::string* out, const CheckResult* result) {
                                      absl::StrAppend(out, Code(result->planned.check->id), " ",
                                                      SecondsText(TimeOf(*result)), " (",
                                                      SecondsText(WaitOf(*result)), " waiting)");
                                    }),
                      ". ", WorkAndWait(finished.results), ".\n");
}

}  // namespace

std::string MarkdownSummary(const FinishedRun& finished) {
  const Standing standing = StandingOf(finished.summary);
  const char* mark = standing == Standing::kConformant ? "\u2705" : "\u274c";
  return absl::StrCat("## ", mark, " ", StandingName(standing), "\n\n", Identity(finished),
                      Levels(finished.summary), Reasons(finished), Unexpected(finished),
                      Known(finished), Skipped(finished), SlowestLine(finished));
}

std::unique_ptr<Report> MakeMarkdownReport(std::unique_ptr<Output> output) {
  return MakeFinishedReport(std::move(output), &MarkdownSummary);
}

}  // namespace conformance
