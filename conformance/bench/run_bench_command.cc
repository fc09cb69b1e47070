// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "benchmarks/bench_table.h"
#include "benchmarks/interrupts.h"
#include "benchmarks/result_json.h"
#include "conformance/bench/bench_command.h"
#include "conformance/bench/bench_options.h"
#include "conformance/harness/run_command.h"

namespace conformance {
namespace {

constexpr int kCyclesMax = 1000000;

constexpr char kFooter[] = R"(
Measures each shim in turn, round by round in a shuffled order, each block in processes of its own.

Examples:
  shimgauge bench run ./containerd-shim-mine-v1
  shimgauge bench run mine=./shim runc-v2=containerd-shim-runc-v2 --metric 'state-*' --metric proxy
  shimgauge bench run ./shim --engine real --result bench.json

Exit codes: 0 measured, 2 usage, 3 host unfit (it needs root), 4 a shim could not be measured at
all, 130 interrupted (what was measured is printed and written all the same).)";

struct Options {
  BenchOptions bench;
  std::vector<std::string> shims;
  int cycles = 1000;
};

absl::StatusOr<benchmarks::BenchResult> Run(const Options& options) {
  ASSIGN_OR_RETURN(benchmarks::MeasurePlan plan, MakeMeasurePlan(options.bench, options.shims));
  plan.cycles = options.cycles;
  ASSIGN_OR_RETURN(benchmarks::Interrupts interrupts, benchmarks::Interrupts::Take());
  ASSIGN_OR_RETURN(const double driver, benchmarks::MeasureDriver(interrupts));
  ASSIGN_OR_RETURN(benchmarks::BenchResult result, benchmarks::Measure(plan, interrupts));
  plan.progress("");
  result.driver_call_ms = driver;
  return result;
}

int RunAction(const Options& options) {
  const absl::StatusOr<benchmarks::BenchResult> result = Run(options);
  if (!result.ok()) return ComplainOfBench(result.status());
  int code = result->complete ? 0 : 130;
  for (const benchmarks::Side& side : result->sides) {
    if (result->complete && side.blocks.empty()) code = 4;
  }
  if (!options.bench.result.empty()) {
    const absl::Status written = benchmarks::WriteResultFile(options.bench.result, *result);
    if (!written.ok())
      code = Complain(absl::InternalError(absl::StrCat("--result: ", written.message())));
  }
  return Print(benchmarks::DescribeRun(*result) + "\n" + benchmarks::RunTable(*result), code);
}

}  // namespace

CommandAction DefineBenchRun(CLI::App& app) {
  const auto options = std::make_shared<Options>();  // owners: CLI's bindings, the action
  options->bench.rounds = 8;
  app.add_option("shims", options->shims, "programs to measure: PATH or LABEL=PATH")
      ->type_name("SHIM")
      ->required();
  AddBenchOptions(app, options->bench);
  app.add_option("--cycles", options->cycles, "life cycles over which growth is told")
      ->type_name("N")
      ->check(CLI::Range(10, kCyclesMax))
      ->capture_default_str();
  app.footer(kFooter);
  return [options] { return RunAction(*options); };
}

}  // namespace conformance
