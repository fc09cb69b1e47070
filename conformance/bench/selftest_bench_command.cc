// SPDX-License-Identifier: Apache-2.0
// `selftest bench`: whether comparisons find the regressions that were planted, and no others.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "benchmarks/bench_table.h"
#include "benchmarks/compare_run.h"
#include "conformance/bench/bench_options.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/run_command.h"
#include "conformance/reports/evidence.h"
#include "conformance/selftest/programs.h"
#include "conformance/selftest/scratch.h"
#include "conformance/selftest/selftest_console.h"
#include "conformance/selftest/selftest_options.h"
#include "conformance/selftest/subject_run.h"
#include "fakes/fault/regressions.h"

namespace conformance {
namespace {

using Clock = std::chrono::steady_clock;
using fakes::Regression;

constexpr int kAloneMax = 10000;
constexpr int kFalsePerHundred = 1;
// Of comparisons of the shim with itself, in turn: what starts show, what tasks show, what is
// counted. Measured together, they would take a hundred comparisons the better part of an hour.
const std::vector<std::vector<std::string>>& AloneMetrics() {
  static const std::vector<std::vector<std::string>> sets = {
      {"boot", "boot-answered", "shutdown", "*-idle"},
      {"create", "start", "exec", "state-*", "kill-wait", "exit-event", "delete", "*-task"},
      {"syscalls", "forks", "execs", "boot-syscalls", "boot-forks", "binary-size"}};
  return sets;
}

constexpr char kFooter[] = R"(
Compares the faulty shim, unspoilt, with itself once for each planted regression, by the metrics
that have to show it; then with itself and nothing else, where every regression that is found is a
false one. Of a hundred comparisons one may find one. They are made by what starts, tasks and
counters show in turn, or by --metric; a hundred take about a quarter of an hour.

Examples:
  shimgauge selftest bench                        all regressions, 100 comparisons with itself
  shimgauge selftest bench fork-per-exec --alone 0
  shimgauge selftest bench '!*' --alone 20 --metric boot --budget 10m

Exit codes: 0 proven, 1 not proven, 2 usage, 3 a program is missing or the host unfit (measuring
needs root), 4 trouble of the driver, 5 nothing selected, 130 interrupted.)";

struct Options {
  BenchOptions bench;
  std::vector<std::string> selectors;
  int alone = 100;
  double margin = 5;
  std::chrono::milliseconds budget{0};
  bool list = false;
};

// "boot +11.2 %".
std::string RowText(const benchmarks::CompareRow& row) {
  return absl::StrCat(row.metric->name, " ", benchmarks::FormatChange(row.change.ratio.value));
}

// All that was measured, where it did not lead to the verdict that was due.
std::string Evidence(const benchmarks::CompareReport& report) {
  std::vector<std::string> lines;
  for (const benchmarks::CompareRow& row : report.rows) {
    lines.push_back(absl::StrFormat(
        "%s [%s, %s] %s%s", RowText(row), benchmarks::FormatChange(row.change.ratio.low),
        benchmarks::FormatChange(row.change.ratio.high), benchmarks::JudgementName(row.judgement),
        row.gates ? "" : absl::StrFormat(", does not gate: noise %.1f %%", 100 * row.noise)));
  }
  for (const auto& [metric, why] : report.gaps) lines.push_back(absl::StrCat(metric, ": ", why));
  return absl::StrJoin(lines, "\n    ");
}

std::int64_t Since(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
}

class BenchProof {
 public:
  BenchProof(const Options& options, SelftestConsole& console, benchmarks::Interrupts& interrupts,
             Scratch scratch)
      : options_(options),
        console_(console),
        interrupts_(interrupts),
        scratch_(std::move(scratch)) {}

  absl::Status Run(const std::vector<const Regression*>& regressions) {
    ASSIGN_OR_RETURN(unspoilt_, Wrapper("none"));
    for (const Regression* const regression : regressions) {
      if (OverBudget()) {
        ++left_;
        continue;
      }
      RETURN_IF_ERROR(Find(*regression));
    }
    return CompareAlone();
  }

  [[nodiscard]] bool proven() const {
    const int allowed = (alone_ * kFalsePerHundred + 99) / 100;
    return found_ == planted_ && left_ == 0 && false_ <= allowed;
  }

  [[nodiscard]] std::string Summary() const {
    std::string text =
        absl::StrCat(planted_, " planted regressions: ", found_, " found \u00b7 ", alone_,
                     " comparisons with itself: ", false_, " found a regression that is none");
    if (left_ > 0) absl::StrAppend(&text, " \u00b7 ", left_, " not begun within the budget");
    return absl::StrCat(text, " \u00b7 ", RunTime(Since(begin_)), "\n");
  }

 private:
  [[nodiscard]] bool OverBudget() const {
    return options_.budget.count() > 0 && Since(begin_) >= options_.budget.count();
  }

  absl::StatusOr<std::string> Wrapper(absl::string_view regression) const {
    ASSIGN_OR_RETURN(const std::string program, FindProgram(kFaultyShim));
    ASSIGN_OR_RETURN(const std::string directory, scratch_.MakeDirectory(regression));
    std::string shim = directory + "/containerd-shim-faulty-v1";
    RETURN_IF_ERROR(WriteScript(shim, absl::StrCat("exec ", ShellWord(program),
                                                   " --regression=", regression, " \"$@\"\n")));
    return shim;
  }

  absl::StatusOr<benchmarks::CompareReport> Compare(const std::string& shim,
                                                    const std::vector<std::string>& words,
                                                    std::uint64_t seed, int budget) {
    BenchOptions bench = options_.bench;
    bench.metrics = words;
    ASSIGN_OR_RETURN(benchmarks::MeasurePlan plan,
                     MakeMeasurePlan(bench, {"old=" + unspoilt_, "new=" + shim}));
    plan.progress = nullptr;
    benchmarks::CompareOptions compare{.margin = options_.margin / 100,
                                       .metrics = plan.metrics,
                                       .rounds = bench.rounds,
                                       .budget = std::chrono::seconds(budget),
                                       .seed = seed};
    compare.metrics.erase(std::remove(compare.metrics.begin(), compare.metrics.end(), "growth"),
                          compare.metrics.end());
    ASSIGN_OR_RETURN(benchmarks::CompareReport report,
                     benchmarks::CompareHere(std::move(plan), compare, interrupts_));
    if (!report.complete) return absl::CancelledError("interrupted");
    return report;
  }

  absl::Status Find(const Regression& regression) {
    constexpr int kBudget = 30;  // seconds of further rounds
    const std::string name(regression.defect.name);
    const Clock::time_point begin = Clock::now();
    console_.Started(name);
    ASSIGN_OR_RETURN(const std::string shim, Wrapper(name));
    std::vector<std::string> words;
    for (const absl::string_view metric : regression.metrics) words.emplace_back(metric);
    for (const absl::string_view metric : regression.proxies) words.emplace_back(metric);
    ASSIGN_OR_RETURN(const benchmarks::CompareReport report,
                     Compare(shim, words, options_.bench.seed, kBudget));
    std::vector<std::string> by;
    const std::vector<std::string> regressions = report.Regressions();
    for (const benchmarks::CompareRow& row : report.rows) {
      const bool regressed =
          std::find(regressions.begin(), regressions.end(), row.metric->name) != regressions.end();
      if (!regressed) continue;
      by.push_back(absl::StrCat(RowText(row), " (", MetricKindName(row.metric->kind), ")"));
    }
    ++planted_;
    found_ += by.empty() ? 0 : 1;
    console_.Ended(name, !by.empty(),
                   absl::StrFormat("%-18s %s   %s", name,
                                   by.empty() ? "NOT FOUND" : "found by " + absl::StrJoin(by, ", "),
                                   RunTime(Since(begin))),
                   by.empty() ? Evidence(report) : "");
    return absl::OkStatus();
  }

  absl::Status CompareAlone() {
    std::size_t judged = 0;
    for (int i = 0; i < options_.alone; ++i) {
      if (OverBudget()) {
        left_ += options_.alone - i;
        break;
      }
      console_.Phase(absl::StrCat("with itself, ", i + 1, " of ", options_.alone));
      const std::size_t turn = static_cast<std::size_t>(i) % AloneMetrics().size();
      const std::vector<std::string>& words =
          options_.bench.metrics.empty() ? AloneMetrics()[turn] : options_.bench.metrics;
      ASSIGN_OR_RETURN(
          const benchmarks::CompareReport report,
          Compare(unspoilt_, words, options_.bench.seed + static_cast<std::uint64_t>(i) + 1, 0));
      ++alone_;
      judged += report.rows.size();
      const std::vector<std::string> wrong = report.Regressions();
      if (wrong.empty()) continue;
      ++false_;
      console_.Print(absl::StrCat("comparison ", i + 1, " with itself found ",
                                  absl::StrJoin(wrong, ", "), ":\n    ", Evidence(report), "\n"));
    }
    if (alone_ > 0) {
      console_.Print(absl::StrCat(alone_, " comparisons with itself, of ", judged,
                                  " metrics: ", false_, " with a false regression\n"));
    }
    return absl::OkStatus();
  }

  const Options& options_;
  SelftestConsole& console_;
  benchmarks::Interrupts& interrupts_;
  Scratch scratch_;
  std::string unspoilt_;
  Clock::time_point begin_ = Clock::now();
  int planted_ = 0;
  int found_ = 0;
  int alone_ = 0;
  int false_ = 0;
  int left_ = 0;
};

// '!*' leaves none, which is meant when there are comparisons to be made.
absl::StatusOr<std::vector<const Regression*>> Select(const Options& options) {
  std::vector<std::string> names;
  std::vector<const Regression*> all;
  for (const Regression& regression : fakes::AllRegressions()) {
    if (regression.defect.rules.empty()) continue;
    names.emplace_back(regression.defect.name);
    all.push_back(&regression);
  }
  std::vector<const Regression*> selected;
  if (options.alone > 0 && options.selectors == std::vector<std::string>{"!*"}) return selected;
  ASSIGN_OR_RETURN(const std::vector<bool> chosen, SelectNames(names, options.selectors));
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (chosen[i]) selected.push_back(all[i]);
  }
  return selected;
}

absl::StatusOr<int> RunBench(const Options& options) {
  ASSIGN_OR_RETURN(const std::vector<const Regression*> regressions, Select(options));
  if (options.list) {
    std::string text;
    for (const Regression* const one : regressions) {
      absl::StrAppendFormat(&text, "%-18s  %s\n", one->defect.name, one->defect.what);
    }
    return Print(text, kExitAsExpected);
  }
  ASSIGN_OR_RETURN(Scratch scratch, Scratch::Make());
  ASSIGN_OR_RETURN(const std::unique_ptr<SelftestConsole> console,
                   SelftestConsole::Open(regressions.size()));
  ASSIGN_OR_RETURN(benchmarks::Interrupts interrupts, benchmarks::Interrupts::Take());
  BenchProof proof(options, *console, interrupts, std::move(scratch));
  RETURN_IF_ERROR(proof.Run(regressions));
  console->Print(proof.Summary());
  return proof.proven() ? kExitAsExpected : kExitUnexpected;
}

}  // namespace

CommandAction DefineSelftestBench(CLI::App& app) {
  const auto options = std::make_shared<Options>();  // owners: CLI's bindings, the action
  app.add_option("regressions", options->selectors, "names or globs; '!' excludes")
      ->type_name("REGRESSION");
  app.add_option("--alone", options->alone, "comparisons of the shim with itself")
      ->type_name("N")
      ->check(CLI::Range(0, kAloneMax))
      ->capture_default_str();
  app.add_option("--margin", options->margin, "percent that a metric may change and be equal")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.1, 100.0))
      ->capture_default_str();
  AddBudget(app, "comparison", options->budget);
  app.add_flag("--list", options->list, "tell which regressions there are");
  AddBenchOptions(app, options->bench);
  app.footer(kFooter);
  return [options] {
    const absl::StatusOr<int> code = RunBench(*options);
    return code.ok() ? *code : ComplainOfBench(code.status());
  };
}

}  // namespace conformance
