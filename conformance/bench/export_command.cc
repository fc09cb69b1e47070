// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/status_macros.h"
#include "benchmarks/export.h"
#include "benchmarks/history_table.h"
#include "conformance/bench/bench_command.h"
#include "conformance/bench/bench_files.h"
#include "conformance/harness/run_command.h"
#include "conformance/reports/output.h"

namespace conformance {
namespace {

constexpr char kExamples[] = R"(
Examples:
  shimgauge bench export bench.json --format html --history bench-history.jsonl -o bench.html
  shimgauge bench export bench.json --format openmetrics

Exit codes: 0 done, 2 usage, 4 the file cannot be written.)";

struct Options {
  std::string result;
  std::string format = "html";
  std::string history;
  std::string output = "-";
};

// Of the runs in a history those that belong to what was measured last: a comparison has the new
// shim there.
std::vector<benchmarks::Record> RunsOf(const std::vector<benchmarks::Record>& history,
                                       const benchmarks::BenchResult& result) {
  const benchmarks::Record like = benchmarks::MakeRecord(result, result.sides.back());
  for (const benchmarks::HistoryGroup& group : benchmarks::GroupHistory(history)) {
    if (group.host == like.host && group.configuration == like.configuration &&
        group.shim == like.shim) {
      return group.runs;
    }
  }
  return {};
}

absl::StatusOr<std::string> Export(const Options& options) {
  ASSIGN_OR_RETURN(const benchmarks::BenchResult result, ReadCompleteResult(options.result));
  std::vector<benchmarks::Record> runs;
  if (!options.history.empty()) {
    ASSIGN_OR_RETURN(const std::vector<benchmarks::Record> history, ReadRecords(options.history));
    runs = RunsOf(history, result);
  }
  return benchmarks::FindExportFormat(options.format)->write(result, runs);
}

int ExportAction(const Options& options) {
  const absl::StatusOr<std::unique_ptr<Output>> output =
      Output::Open(options.output, Output::Mode::kWhole);
  if (!output.ok()) return Complain(output.status());
  const absl::StatusOr<std::string> text = Export(options);
  if (!text.ok()) return Complain(text.status());
  (*output)->Write(*text);
  (*output)->Finish();
  return ExitUnlessLost(**output, 0);
}

}  // namespace

CommandAction DefineBenchExport(CLI::App& app) {
  const auto options = std::make_shared<Options>();  // owners: CLI's bindings, the action
  app.add_option("result", options->result, "what --result wrote")->type_name("RESULT")->required();
  std::vector<std::string> names;
  std::string footer = "\nFormats:\n";
  for (const benchmarks::ExportFormat& format : benchmarks::ExportFormats()) {
    names.push_back(format.name);
    absl::StrAppend(&footer, "  ", format.name,
                    std::string(18 - std::min<std::size_t>(17, format.name.size()), ' '),
                    format.about, "\n");
  }
  app.add_option("--format", options->format, "see below")
      ->type_name("FORMAT")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  app.add_option("--history", options->history, "runs to be shown as well, by html and svg")
      ->type_name("FILE");
  app.add_option("-o,--output", options->output, "the file to be written; -: standard output")
      ->type_name("FILE")
      ->capture_default_str();
  app.footer(footer + kExamples);
  return [options] { return ExportAction(*options); };
}

}  // namespace conformance
