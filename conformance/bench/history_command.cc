// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/status_macros.h"
#include "benchmarks/history_table.h"
#include "conformance/bench/bench_command.h"
#include "conformance/bench/bench_files.h"
#include "conformance/bench/bench_options.h"
#include "conformance/bench/git_repository.h"
#include "conformance/harness/run_command.h"

namespace conformance {
namespace {

constexpr char kFooter[] = R"(
A history is a file of one JSON record per run and shim, to be committed to the repository of the
shim. `show` finds where a metric took another level, among the runs of one host, configuration and
shim: E-divisive means, which single outliers do not mislead; changes below 2 % are none.

Examples:
  shimgauge bench run ./shim --result now.json && shimgauge bench history add now.json
  shimgauge bench history show --metric boot --metric 'pss-*'

Exit codes: 0 done, 2 usage, 4 the file cannot be written.)";

struct Options {
  std::string file = kDefaultHistory;
  std::vector<std::string> results;
  std::string commit;
  std::string side;
  std::vector<std::string> metrics;
};

// What was measured is taken to be what is checked out here.
absl::StatusOr<std::string> CommitOf(const Options& options) {
  if (!options.commit.empty()) return options.commit;
  const absl::StatusOr<GitRepository> repository = GitRepository::Open(".", nullptr);
  if (!repository.ok()) return "";
  return repository->Head();
}

absl::Status CheckSide(const benchmarks::BenchResult& result, const std::string& side,
                       const std::string& file) {
  std::vector<std::string> names;
  for (const benchmarks::Side& one : result.sides) names.push_back(one.name);
  if (side.empty() || std::find(names.begin(), names.end(), side) != names.end()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("--side ", side, ": ", file, " has no such side, ",
                                                 "but ", absl::StrJoin(names, ", ")));
}

absl::StatusOr<std::string> Add(const Options& options) {
  ASSIGN_OR_RETURN(const std::string commit, CommitOf(options));
  std::vector<benchmarks::Record> records;
  for (const std::string& file : options.results) {
    ASSIGN_OR_RETURN(const benchmarks::BenchResult result, ReadCompleteResult(file));
    RETURN_IF_ERROR(CheckSide(result, options.side, file));
    for (const benchmarks::Side& side : result.sides) {
      if (!options.side.empty() && side.name != options.side) continue;
      records.push_back(RecordNow(result, side, commit));
    }
  }
  RETURN_IF_ERROR(AppendRecords(options.file, records));
  return absl::StrCat(records.size(), records.size() == 1 ? " record" : " records", " added to ",
                      options.file, commit.empty() ? "" : absl::StrCat(" for ", commit), "\n");
}

absl::StatusOr<std::string> Show(const Options& options) {
  ASSIGN_OR_RETURN(const std::vector<std::string> metrics, SelectMetrics(options.metrics));
  ASSIGN_OR_RETURN(const std::vector<benchmarks::Record> history, ReadRecords(options.file));
  const std::string table = benchmarks::HistoryTable(history, metrics);
  return table.empty() ? absl::StrCat(options.file, ": no runs with these metrics\n") : table;
}

int Tell(const absl::StatusOr<std::string>& text) {
  return text.ok() ? Print(*text, 0) : Complain(text.status());
}

}  // namespace

CommandAction DefineBenchHistory(CLI::App& app) {
  const auto options = std::make_shared<Options>();  // owners: CLI's bindings, the action
  CLI::App* const add = app.add_subcommand("add", "append what `bench run` measured");
  add->add_option("results", options->results, "what --result wrote")
      ->type_name("RESULT")
      ->required();
  add->add_option("--commit", options->commit, "what was measured (default: HEAD, as git has it)")
      ->type_name("COMMIT");
  add->add_option("--side", options->side, "only this shim of each result")->type_name("NAME");
  CLI::App* const show = app.add_subcommand("show", "tell the course of each metric");
  show->add_option("--metric", options->metrics, "only these: names, globs or kinds; repeat")
      ->type_name("METRIC")
      ->allow_extra_args(false);
  for (CLI::App* const part : {add, show}) {
    part->add_option("--file", options->file, "the history")
        ->type_name("FILE")
        ->capture_default_str();
  }
  app.require_subcommand(1);
  app.footer(kFooter);
  return [options, add] { return Tell(add->parsed() ? Add(*options) : Show(*options)); };
}

}  // namespace conformance
