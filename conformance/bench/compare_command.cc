// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "benchmarks/bench_table.h"
#include "benchmarks/compare_run.h"
#include "benchmarks/result_json.h"
#include "conformance/bench/bench_command.h"
#include "conformance/bench/bench_options.h"
#include "conformance/harness/run_command.h"

namespace conformance {
namespace {

constexpr int kRegressed = 6;
constexpr int kUndecided = 7;
constexpr int kBudgetMax = 86400;

constexpr char kFooter[] = R"(
Both shims are measured in one run, block beside block. First the old one against itself: where that
shows more than half the margin, the metric does not gate. What then is wholly worse by more than the
margin has to be found again in a second batch of blocks of its own.

Examples:
  shimgauge bench compare old/shim new/shim
  shimgauge bench compare old/shim new/shim --metric proxy --metric memory --margin 2

Exit codes: 0 no regression, 2 usage, 3 host unfit (it needs root), 4 the new shim fails where the
old one does not, 6 a confirmed regression, 7 undecided (only with --strict), 130 interrupted (what
was measured is printed and written all the same).)";

struct Options {
  BenchOptions bench;
  std::string before;
  std::string after;
  double margin = 5;
  int budget = 180;
  bool strict = false;
};

absl::StatusOr<benchmarks::CompareReport> Compare(const Options& options,
                                                  const benchmarks::CompareOptions& compare) {
  ASSIGN_OR_RETURN(benchmarks::MeasurePlan plan,
                   MakeMeasurePlan(options.bench, {options.before, options.after}));
  ASSIGN_OR_RETURN(benchmarks::Interrupts interrupts, benchmarks::Interrupts::Take());
  absl::StatusOr<benchmarks::CompareReport> report =
      benchmarks::CompareHere(plan, compare, interrupts);
  plan.progress("");
  return report;
}

absl::StatusOr<benchmarks::CompareOptions> CompareOptionsOf(const Options& options) {
  benchmarks::CompareOptions compare{.margin = options.margin / 100,
                                     .rounds = options.bench.rounds,
                                     .budget = std::chrono::seconds(options.budget),
                                     .seed = options.bench.seed};
  ASSIGN_OR_RETURN(compare.metrics, SelectMetrics(options.bench.metrics));
  // Needs a thousand cycles where the others need ten; its natural zero has no ratio.
  compare.metrics.erase(std::remove(compare.metrics.begin(), compare.metrics.end(), "growth"),
                        compare.metrics.end());
  if (compare.metrics.empty()) {
    return absl::InvalidArgumentError(
        "--metric growth: is measured by `bench run` only, there is nothing to compare");
  }
  return compare;
}

int ExitCodeOf(const benchmarks::CompareReport& report, bool strict) {
  if (!report.complete) return 130;
  if (!report.broken.empty()) return 4;
  if (!report.Regressions().empty()) return kRegressed;
  return strict && report.AnyUndecided() ? kUndecided : 0;
}

std::string Conclusion(const benchmarks::CompareReport& report) {
  if (!report.complete) return "";
  const std::vector<std::string> regressions = report.Regressions();
  std::string text;
  if (!report.broken.empty()) {
    absl::StrAppend(&text, "The new shim fails where the old one does not: ",
                    absl::StrJoin(report.broken, ", "), "\n");
  }
  if (!regressions.empty()) {
    return absl::StrCat(text, "Regressed: ", absl::StrJoin(regressions, ", "), "\n");
  }
  return absl::StrCat(text, report.AnyUndecided()
                                ? "No confirmed regression; some metrics are undecided.\n"
                                : "No regression.\n");
}

int CompareAction(const Options& options) {
  const absl::StatusOr<benchmarks::CompareOptions> compare = CompareOptionsOf(options);
  if (!compare.ok()) return Complain(compare.status());
  const absl::StatusOr<benchmarks::CompareReport> report = Compare(options, *compare);
  if (!report.ok()) return ComplainOfBench(report.status());
  int code = ExitCodeOf(*report, options.strict);
  if (!options.bench.result.empty()) {
    const absl::Status written = benchmarks::WriteResultFile(options.bench.result, report->result);
    if (!written.ok())
      code = Complain(absl::InternalError(absl::StrCat("--result: ", written.message())));
  }
  return Print(absl::StrCat(benchmarks::DescribeRun(report->result), "\n",
                            benchmarks::CompareTable(*report, *compare), Conclusion(*report)),
               code);
}

}  // namespace

CommandAction DefineBenchCompare(CLI::App& app) {
  const auto options = std::make_shared<Options>();  // owners: CLI's bindings, the action
  app.add_option("old", options->before, "the shim as it was")->type_name("OLD")->required();
  app.add_option("new", options->after, "the shim as it is")->type_name("NEW")->required();
  AddBenchOptions(app, options->bench);
  app.add_option("--margin", options->margin, "percent that a metric may change and be equal")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.1, 100.0))
      ->capture_default_str();
  app.add_option("--budget", options->budget,
                 "seconds after which undecided metrics get no further blocks")
      ->type_name("SECONDS")
      ->check(CLI::Range(0, kBudgetMax))
      ->capture_default_str();
  app.add_flag("--strict", options->strict, "exit with 7 when a metric that gates is undecided");
  app.footer(kFooter);
  return [options] { return CompareAction(*options); };
}

}  // namespace conformance
