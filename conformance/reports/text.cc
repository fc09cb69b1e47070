// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/text.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <map>
#include <utility>

#include "conformance/harness/daemon_fit.h"
#include "conformance/harness/host.h"
#include "conformance/harness/names.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/overview.h"

namespace conformance {
namespace {

constexpr std::size_t kProblemBytesMax = 160;

// "3 fail, 1 skip": every result but passes.
std::string OtherThanPasses(const Counts& counts) {
  std::vector<std::string> parts;
  for (const Result result : kResults) {
    if (result == Result::kPass || counts.of(result) == 0) continue;
    parts.push_back(absl::StrCat(counts.of(result), " ", ResultName(result)));
  }
  return absl::StrJoin(parts, ", ");
}

std::string Checks(std::size_t count) {
  return absl::StrCat(count, count == 1 ? " check" : " checks");
}

std::string SkipCounts(const std::map<SkipKind, std::size_t>& skips) {
  std::vector<std::string> parts;
  for (const auto& [kind, count] : skips) {
    parts.push_back(absl::StrCat(count, " ", SkipKindName(kind)));
  }
  return absl::StrJoin(parts, ", ");
}

// "legacy ok, ttrpc, bare address, 21 ms"; or what went wrong, in short.
std::string DescribeDialect(absl::string_view name, const DialectProbe& probe) {
  if (!probe.usable) {
    const std::string problem = Printable(probe.problem);
    return absl::StrCat(name, " no: ", problem.substr(0, kProblemBytesMax),
                        problem.size() > kProblemBytesMax ? "..." : "");
  }
  return absl::StrCat(name, " ok, ", probe.protocol, ", ",
                      probe.version < 2 ? "bare address" : absl::StrCat("version ", probe.version),
                      ", ", Milliseconds(std::chrono::microseconds(probe.took_us)), " ms");
}

class TextReport : public Report {
 public:
  // shared with the progress line
  TextReport(std::shared_ptr<Console> console, bool verbose)
      : console_(std::move(console)), verbose_(verbose) {}

  void RunStarted(const RunInfo& run) override {
    run_ = &run;
    waiting_.resize(run.plan.size());
    console_->Print(absl::StrFormat("shimgauge %s   seed %s\nshim   %s   sha256:%s\n",
                                    run.suite_version, SeedText(run.seed), run.shim_path,
                                    run.shim_sha256.substr(0, 12)));
  }

  void Probed(const SubjectInfo& subject, const std::string& engine) override {
    const std::string version = ShortVersion(subject.version_text);
    console_->Print(absl::StrCat(
        "       ", version.empty() ? "no answer to -v" : absl::StrCat("version ", version),
        "\nstart  ", DescribeDialect("legacy", subject.legacy), "\n       ",
        DescribeDialect("params", subject.params), "\n"));
    const HostInfo& host = run_->host;
    console_->Print(absl::StrCat(
        "host   ", host.kernel, ", cgroup ", host.cgroup_mode, ", ", DescribePrivilege(host), ", ",
        host.cpus, " cpu", engine.empty() ? "" : "   engine ", engine,
        run_->doctor_notes == 0 ? ""
                                : absl::StrCat("   doctor: ", run_->doctor_notes,
                                               run_->doctor_notes == 1 ? " note" : " notes"),
        "\n"));
    std::map<SkipKind, std::size_t> skips;
    std::size_t skipped = 0;
    for (const PlannedCheck& planned : run_->plan) {
      if (!planned.skip) continue;
      ++skips[*planned.skip];
      ++skipped;
    }
    console_->Print(
        absl::StrCat("plan   ", Checks(run_->plan.size()), ": ", run_->plan.size() - skipped,
                     " to run", skipped == 0 ? "" : absl::StrCat(", skipped: ", SkipCounts(skips)),
                     run_->repeat == 1 ? "" : absl::StrCat(", ", run_->repeat, " times each"),
                     "   -j ", run_->jobs, "   profile ", run_->profile.name, "\n"));
    usable_ = subject.usable();
    if (!subject.usable()) {
      console_->Print(
          console_->Paint(Colour::kBad,
                          "no dialect of `start` works: only the bootstrap checks run, "
                          "all others fail with start.failed; its evidence is told once "
                          "(-v: each time)") +
          "\n");
    }
    console_->Print("\n");
  }

  void CheckEnded(const CheckResult& result) override {
    waiting_[result.index] = result;
    while (next_ < waiting_.size() && waiting_[next_]) {
      PrintCheck(*waiting_[next_]);
      waiting_[next_].reset();
      ++next_;
    }
  }

  void RunEnded(const Summary& summary, const std::vector<CheckResult>& results,
                std::chrono::microseconds took) override {
    // An interrupted run: what was finished out of turn is worth showing all the same.
    for (std::optional<CheckResult>& result : waiting_) {
      if (result) PrintCheck(*result);
    }
    EndArea();
    PrintSummary(summary, results, took);
  }

  absl::Status status() const override { return console_->status(); }

 private:
  void PrintCheck(const CheckResult& result) {
    const Check& check = *result.planned.check;
    if (AreaOf(check.id) != area_) {
      EndArea();
      area_ = AreaOf(check.id);
    }
    area_counts_.Add(result);
    const Attempt* attempt = result.evidence();
    // The evidence of a `start` that never works is the same thirty times over.
    const bool again = !usable_ && WhyCode(result) == why::kStartFailed && start_failed_told_;
    if (WhyCode(result) == why::kStartFailed) start_failed_told_ = true;
    if (NeedsLook(result) && again && !verbose_) {
      console_->Print(Headline(result, console_->Paint(Colour::kBad, "\u2717 ")));
    } else if (NeedsLook(result)) {
      console_->Print(Headline(result, console_->Paint(Colour::kBad, "\u2717 ")) +
                      EvidenceText(result, *run_) + "\n");
    } else if (verbose_) {
      console_->Print(VerboseLine(result));
      if (attempt == nullptr) return;
      for (const std::string& note : attempt->notes) {
        console_->Print(absl::StrCat("         note: ", Printable(note), "\n"));
      }
    }
  }

  std::string VerboseLine(const CheckResult& result) const {
    if (result.result == Result::kSkip) {
      return console_->Paint(Colour::kDim,
                             absl::StrFormat("  skip   %s   %s: %s", result.planned.check->id,
                                             SkipKindName(result.skip_kind()),
                                             Printable(result.skip_reason()))) +
             "\n";
    }
    return Headline(result, "  ");
  }

  // "x FAIL  events/exit-after-start   MUST  EVT-20   312 ms   (2 of 3 attempts)".
  std::string Headline(const CheckResult& result, absl::string_view bullet) const {
    const Check& check = *result.planned.check;
    const Attempt* attempt = result.evidence();
    std::string line = absl::StrFormat(
        "%s%-5s  %s   %s  %s", bullet, absl::AsciiStrToUpper(ResultName(result.result)), check.id,
        absl::AsciiStrToUpper(LevelName(check.level)), absl::StrJoin(check.requirements, " "));
    if (attempt != nullptr) absl::StrAppend(&line, "   ", Milliseconds(attempt->took), " ms");
    if (result.attempts.size() > 1) {
      const Verdict verdict = attempt->verdict;
      const auto same =
          std::count_if(result.attempts.begin(), result.attempts.end(),
                        [verdict](const Attempt& other) { return other.verdict == verdict; });
      absl::StrAppend(&line, "   (", same, " of ", result.attempts.size(), " attempts)");
    }
    return line + "\n";
  }

  void EndArea() {
    if (area_.empty()) return;
    const std::size_t total = area_counts_.total();
    const std::size_t passed = area_counts_.of(Result::kPass);
    const std::string others = OtherThanPasses(area_counts_);
    const bool red = area_counts_.unexpected() > 0 || area_counts_.of(Result::kError) > 0;
    const std::string line = absl::StrFormat("%-16s %d/%d pass", area_, passed, total);
    console_->Print(absl::StrCat(console_->Paint(red ? Colour::kBad : Colour::kGood, line),
                                 others.empty() ? "" : ", ", others, "\n"));
    area_.clear();
    area_counts_ = Counts();
  }

  void PrintSummary(const Summary& summary, const std::vector<CheckResult>& results,
                    std::chrono::microseconds took) {
    console_->Print(absl::StrCat("\n", Conformance(summary), "\n"));
    std::map<SkipKind, std::size_t> skips;
    for (const CheckResult& result : results) {
      if (result.result == Result::kSkip) ++skips[result.skip_kind()];
    }
    const std::string others = OtherThanPasses(summary.counts);
    console_->Print(absl::StrCat(
        Checks(summary.planned), ": ", summary.counts.of(Result::kPass), " pass",
        others.empty() ? "" : ", ", others, " \u00b7 ", summary.counts.unexpected(), " unexpected",
        skips.empty()
            ? ""
            : absl::StrCat(" \u00b7 skipped: ", SkipCounts(skips), " (shimgauge list --why)"),
        " \u00b7 ", SecondsText(took), "\n"));
    for (const std::string& stale : summary.stale_expectations) {
      console_->Print(absl::StrCat("stale expectation: ", stale, "\n"));
    }
    console_->Print(DaemonFitText(DaemonFits(results)));
    PrintUnexpected(results);
    const std::vector<std::string> reasons = Reasons(summary);
    if (!reasons.empty()) {
      console_->Print(console_->Paint(Colour::kBad, absl::StrCat("exit ", ExitCodeOf(summary), ": ",
                                                                 absl::StrJoin(reasons, "; "))) +
                      "\n");
    }
  }

  // The list at the end, where it is not scrolled away.
  void PrintUnexpected(const std::vector<CheckResult>& results) {
    for (const CheckResult& result : results) {
      if (!NeedsLook(result)) continue;
      console_->Print(absl::StrFormat("  %-6s %s  %s\n", ResultName(result.result),
                                      result.planned.check->id, WhyCode(result)));
    }
  }

  // "CONFORMANT   MUST 118/118 · SHOULD 22/23 (1 expected)"
  std::string Conformance(const Summary& summary) const {
    const Standing standing = StandingOf(summary);
    const Colour colour = standing == Standing::kConformant ? Colour::kGood : Colour::kBad;
    const std::vector<std::string> scores = LevelScores(summary);
    return absl::StrCat(console_->Paint(colour, StandingName(standing)),
                        scores.empty() ? "" : "   ", absl::StrJoin(scores, " \u00b7 "));
  }

  std::shared_ptr<Console> console_;  // shared with the progress line
  bool verbose_;
  const RunInfo* run_ = nullptr;
  std::vector<std::optional<CheckResult>> waiting_;  // finished before their turn
  std::size_t next_ = 0;
  bool usable_ = true;
  bool start_failed_told_ = false;
  std::string area_;
  Counts area_counts_;
};

}  // namespace

std::unique_ptr<Report> MakeTextReport(std::shared_ptr<Console> console, bool verbose) {
  return std::make_unique<TextReport>(std::move(console), verbose);
}

std::string ShortVersion(absl::string_view version_text) {
  for (const absl::string_view line : absl::StrSplit(version_text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == absl::string_view::npos) continue;
    const absl::string_view key = absl::StripAsciiWhitespace(line.substr(0, colon));
    const absl::string_view value = absl::StripAsciiWhitespace(line.substr(colon + 1));
    if (absl::EqualsIgnoreCase(key, "version") && !value.empty()) return Printable(value);
  }
  for (const absl::string_view line : absl::StrSplit(version_text, '\n')) {
    const absl::string_view text = absl::StripAsciiWhitespace(line);
    if (!text.empty()) return Printable(text.substr(0, 80));
  }
  return "";
}

}  // namespace conformance
