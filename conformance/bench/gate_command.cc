// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "benchmarks/bench_table.h"
#include "benchmarks/gate.h"
#include "benchmarks/result_json.h"
#include "conformance/bench/bench_command.h"
#include "conformance/bench/bench_files.h"
#include "conformance/bench/bench_options.h"
#include "conformance/bench/git_repository.h"
#include "conformance/harness/run_command.h"

namespace conformance {
namespace {

using benchmarks::BenchResult;
using benchmarks::GateRow;
using benchmarks::GateVerdict;
using benchmarks::NotMeasured;
using benchmarks::Record;
using benchmarks::Side;

constexpr int kBroken = 4;
constexpr int kRegressed = 6;
constexpr int kUndecided = 7;
constexpr int kRunsMax = 1000;

constexpr char kFooter[] = R"(
Measures the shim and holds it against runs of before, which the baseline keeps: a history, see
`shimgauge bench history`. What a metric varied by among the last runs since its level changed last
is its noise; a change has to reach beyond that (third quartile + 3 interquartile ranges) and beyond
the margin with its whole interval, and a second batch has to find it again. Times need five runs at
that level, counts one. The baseline is of one host and configuration; that of another host is
refused. Where both shims are at hand, `shimgauge bench compare` needs no baseline and sees less noise.

Examples:
  shimgauge bench gate ./shim --baseline bench-history.jsonl --update
  shimgauge bench gate ./shim --baseline bench-history.jsonl --metric proxy --metric memory

Exit codes: 0 no regression, 2 usage, 3 host unfit, or the baseline is of another one, 4 the shim
fails where the baseline does not, or could not be measured at all, 6 a confirmed regression,
7 undecided (only with --strict), 130 interrupted.)";

struct Options {
  BenchOptions bench;
  std::string shim;
  std::string baseline;
  std::vector<std::string> measured;
  double margin = 5;
  std::size_t last = 20;
  bool any_host = false;
  bool update = false;
  bool strict = false;
};

// What is to be judged: measured now, or earlier.
class Batches {
 public:
  explicit Batches(const Options& options) : options_(options) {}

  absl::StatusOr<BenchResult> First() {
    if (!options_.measured.empty()) return ReadCompleteResult(options_.measured.front());
    ASSIGN_OR_RETURN(plan_, MakeMeasurePlan(options_.bench, {options_.shim}));
    // Needs a thousand cycles where the others need ten; its natural zero has no ratio.
    plan_.metrics.erase(std::remove(plan_.metrics.begin(), plan_.metrics.end(), "growth"),
                        plan_.metrics.end());
    ASSIGN_OR_RETURN(benchmarks::Interrupts interrupts, benchmarks::Interrupts::Take());
    interrupts_.emplace(std::move(interrupts));
    ASSIGN_OR_RETURN(BenchResult result, Measure());
    RETURN_IF_ERROR(CheckMeasured(result.sides.front()));
    return result;
  }

  // Of these metrics only; nullopt: there is no second one.
  absl::StatusOr<std::optional<BenchResult>> Second(const std::vector<std::string>& metrics) {
    if (options_.measured.size() > 1) {
      ASSIGN_OR_RETURN(BenchResult result, ReadCompleteResult(options_.measured[1]));
      return std::optional<BenchResult>(std::move(result));
    }
    if (!options_.measured.empty()) return std::optional<BenchResult>();
    plan_.metrics = metrics;
    ++plan_.seed;
    ASSIGN_OR_RETURN(BenchResult result, Measure());
    return std::optional<BenchResult>(std::move(result));
  }

 private:
  absl::StatusOr<BenchResult> Measure() {
    ASSIGN_OR_RETURN(BenchResult result, benchmarks::Measure(plan_, *interrupts_));
    plan_.progress("");
    if (!result.complete) return absl::CancelledError("interrupted");
    return result;
  }

  static absl::Status CheckMeasured(const Side& side) {
    if (!side.blocks.empty()) return absl::OkStatus();
    std::string why;
    for (const auto& gap : side.gaps) why = gap.second;
    return absl::InternalError(absl::StrCat("the shim could not be measured: ", why));
  }

  const Options& options_;
  benchmarks::MeasurePlan plan_;
  std::optional<benchmarks::Interrupts> interrupts_;
};

std::vector<std::string> Named(const std::vector<GateRow>& rows, GateVerdict verdict) {
  std::vector<std::string> names;
  for (const GateRow& row : rows) {
    if (row.verdict == verdict) names.push_back(row.metric->name);
  }
  return names;
}

// What came of a comparison with the baseline.
struct Findings {
  std::vector<GateRow> rows;
  NotMeasured broken;
};

std::string Conclusion(const Findings& found) {
  const std::string broken = benchmarks::BrokenSentence(found.broken);
  const std::vector<std::string> regressed = Named(found.rows, GateVerdict::kRegressed);
  if (!regressed.empty()) {
    return absl::StrCat(broken, "Regressed: ", absl::StrJoin(regressed, ", "), "\n");
  }
  const std::vector<std::string> undecided = Named(found.rows, GateVerdict::kUndecided);
  if (!undecided.empty()) {
    return absl::StrCat(
        broken, "No confirmed regression; undecided: ", absl::StrJoin(undecided, ", "), "\n");
  }
  return broken.empty() ? "No regression.\n" : broken;
}

int CodeOf(const Findings& found, bool strict) {
  if (!found.broken.empty()) return kBroken;
  if (!Named(found.rows, GateVerdict::kRegressed).empty()) return kRegressed;
  return strict && !Named(found.rows, GateVerdict::kUndecided).empty() ? kUndecided : 0;
}

// What of `side` was not measured and is not told as broken.
std::string OtherGaps(const Side& side, const NotMeasured& broken) {
  NotMeasured others = side.gaps;
  for (const auto& gap : broken) others.erase(gap.first);
  return benchmarks::GapTable(others, absl::StrCat("Not measured of ", side.name, ":"));
}

struct Judged {
  std::string text;
  int code = 0;
};

class GateRun {
 public:
  explicit GateRun(const Options& options) : options_(options), batches_(options) {}

  absl::StatusOr<Judged> Run() {
    // A baseline that cannot be read is told of before minutes of measuring.
    ASSIGN_OR_RETURN(const std::vector<Record> history,
                     ReadRecords(options_.baseline, options_.update));
    ASSIGN_OR_RETURN(const BenchResult first, batches_.First());
    const Side& side = first.sides.back();
    now_ = RecordNow(first, side, Commit());
    if (!options_.bench.result.empty()) {
      RETURN_IF_ERROR(benchmarks::WriteResultFile(options_.bench.result, first));
    }
    absl::StatusOr<std::vector<Record>> runs =
        benchmarks::ComparableRuns(history, now_, options_.any_host);
    Judged judged{.text = benchmarks::DescribeRun(first) + "\n"};
    if (runs.ok()) {
      RETURN_IF_ERROR(Judge(*runs, side, judged));
    } else if (options_.update) {
      absl::StrAppend(&judged.text, OtherGaps(side, {}),
                      "Nothing to compare with yet: ", runs.status().message(), "\n");
    } else {
      return runs.status();
    }
    if (options_.update && judged.code != kRegressed && judged.code != kBroken) {
      RETURN_IF_ERROR(AppendRecords(options_.baseline, {now_}));
      absl::StrAppend(&judged.text, "Added to ", options_.baseline, ".\n");
    }
    return judged;
  }

 private:
  absl::Status Judge(const std::vector<Record>& runs, const Side& side, Judged& judged) {
    const benchmarks::GateOptions limits{.margin = options_.margin / 100, .last = options_.last};
    Findings found{.rows = benchmarks::Gate(runs, now_, limits),
                   .broken = benchmarks::BrokenMetrics(runs, side.gaps)};
    RETURN_IF_ERROR(AskAgain(runs, limits, found));
    absl::StrAppend(&judged.text, benchmarks::GateTable(found.rows), OtherGaps(side, found.broken),
                    Conclusion(found));
    judged.code = CodeOf(found, options_.strict);
    return absl::OkStatus();
  }

  // A second batch of what seems to have regressed: it may not find that, or not work any more.
  absl::Status AskAgain(const std::vector<Record>& runs, const benchmarks::GateOptions& limits,
                        Findings& found) {
    const std::vector<std::string> suspects = Named(found.rows, GateVerdict::kRegressed);
    if (suspects.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const std::optional<BenchResult> second, batches_.Second(suspects));
    std::vector<GateRow> again;
    NotMeasured gaps;  // a result from a file may be of more than the suspects
    if (second) {
      const Side& side = second->sides.back();
      again = benchmarks::Gate(runs, benchmarks::MakeRecord(*second, side), limits);
      for (const std::string& suspect : suspects) {
        const auto gap = side.gaps.find(suspect);
        if (gap != side.gaps.end()) gaps.insert(*gap);
      }
    }
    found.broken.merge(benchmarks::BrokenMetrics(runs, gaps));
    found.rows = benchmarks::Confirm(std::move(found.rows), again);
    return absl::OkStatus();
  }

  // Of what is checked out here, if anything is.
  static std::string Commit() {
    const absl::StatusOr<GitRepository> repository = GitRepository::Open(".", nullptr);
    if (!repository.ok()) return "";
    return repository->Head().value_or("");
  }

  const Options& options_;
  Batches batches_;
  Record now_;
};

int GateAction(const Options& options) {
  if (options.shim.empty() == options.measured.empty()) {
    return Complain(absl::InvalidArgumentError("expected SHIM or --measured, one of them"));
  }
  const absl::StatusOr<Judged> judged = GateRun(options).Run();
  if (!judged.ok()) return ComplainOfBench(judged.status());
  return Print(judged->text, judged->code);
}

}  // namespace

CommandAction DefineBenchGate(CLI::App& app) {
  const auto options = std::make_shared<Options>();  // owners: CLI's bindings, the action
  app.add_option("shim", options->shim, "the program to measure: PATH or LABEL=PATH")
      ->type_name("SHIM");
  app.add_option("--baseline", options->baseline, "runs of before, as `bench history add` keeps")
      ->type_name("FILE")
      ->required();
  app.add_option("--measured", options->measured,
                 "judge what --result wrote instead; repeat it once for the second batch")
      ->type_name("RESULT")
      ->allow_extra_args(false);
  app.add_flag("--update", options->update,
               "add this run to the baseline, unless it has regressed or fails; begins one");
  app.add_flag("--any-host", options->any_host, "compare with runs of other hosts, too");
  app.add_option("--margin", options->margin, "percent that a metric may change and be equal")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.1, 100.0))
      ->capture_default_str();
  app.add_option("--last", options->last, "runs of the baseline that count")
      ->type_name("N")
      ->check(CLI::Range(1, kRunsMax))
      ->capture_default_str();
  app.add_flag("--strict", options->strict, "exit with 7 when a metric is undecided");
  AddBenchOptions(app, options->bench);
  app.footer(kFooter);
  return [options] { return GateAction(*options); };
}

}  // namespace conformance
