// SPDX-License-Identifier: Apache-2.0
// The options of `run` and `list`.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "conformance/harness/commands.h"
#include "conformance/harness/list_command.h"
#include "conformance/harness/run_command.h"
#include "conformance/reports/reports.h"

namespace conformance {
namespace {

constexpr char kRunFooter[] = R"(
Selectors choose checks by id or area ('events', 'events/*exit*'), tag:NAME, req:ID, level:must,
or changed-since:RESULT (new, redefined, or not as expected in that json or jsonl report);
a leading '!' (or '-', after --) excludes. Without any, every check is run.

Examples:
  shimgauge run --shim containerd-shim-runc-v2
  shimgauge run --shim ./my-shim events lifecycle '!tag:race'
  shimgauge run --shim ./my-shim --profile my.toml --expect known.toml --report junit=out.xml
  shimgauge run --shim ./my-shim events/one-exit-per-process --repeat 100 --shuffle
  shimgauge run --shim ./my-shim changed-since:last.json level:must --order failed-first \
                --since last.json --report json=next.json
  sudo shimgauge run --shim ./my-shim --engine real

Exit codes: 0 as expected, 1 unexpected verdict, 2 usage, 3 host unfit, 4 harness error,
5 nothing selected or run, 130 interrupted.)";

void AddSelection(CLI::App& command, SelectionOptions& options) {
  command.add_option("selectors", options.selectors, "checks to choose, see below")
      ->type_name("SELECTOR");
  command
      .add_option("--profile", options.profile,
                  "what the shim claims: a file, or the name of a ready-made one")
      ->type_name("PROFILE");
  command
      .add_option("--expect", options.expect,
                  "known red verdicts: a file, or the name of a ready-made one; may be repeated")
      ->type_name("EXPECTATIONS")
      ->allow_extra_args(false);
  command.add_option("--level", options.level, "weakest level that is judged: must, should or all")
      ->type_name("LEVEL")
      ->capture_default_str();
  command.add_option("--plan", options.plan, "choose only checks this file names, one id a line")
      ->type_name("FILE|-");
  AddHostOptions(command, options);
}

void AddJudging(CLI::App& command, RunOptions& options) {
  command.add_option("-j,--jobs", options.jobs, "checks at a time (default: two per CPU)")
      ->type_name("N");
  command.add_option("--repeat", options.repeat, "run every check N times; mixed verdicts are red")
      ->type_name("N");
  command.add_flag("--shuffle{}", options.shuffle_seed,
                   "random order; --shuffle=SEED repeats an order");
  command.add_option("--seed", options.seed, "seed of the run (hexadecimal)")->type_name("SEED");
  command.add_option("--deadline-scale", options.deadline_scale, "factor of all deadlines")
      ->type_name("X");
  command.add_flag("--until-fail", options.until_fail, "round after round until one is unexpected");
  command.add_option("--soak", options.soak, "round after round for so long, such as 10m")
      ->type_name("TIME");
  command
      .add_option("--retry-unexpected", options.retry_unexpected,
                  "run an unexpected check up to N times more; mixed verdicts are flaky, and red")
      ->type_name("N");
  command.add_option("--shard", options.shard, "run the I-th of N parts; see shimgauge merge")
      ->type_name("I/N");
  command.add_option("--durations", options.durations, "make shards equally long by this result")
      ->type_name("RESULT");
  command.add_option("--order", options.order, "failed-first: begin with what --since has red")
      ->type_name("ORDER");
  command.add_option("--since", options.since, "the result that --order goes by")
      ->type_name("RESULT");
  command.add_flag("--strict", options.strict, "a check skipped for want of the host is red");
  command.add_flag("--fail-fast{1}", options.fail_fast,
                   "stop after the first, or with =K the K-th, unexpected verdict");
  command
      .add_option("--containerd-ns", options.containerd_ns, "containerd namespace of the checks")
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--fixtures", options.fixtures,
                  "directory of the fixture programs (default: beside the executable)")
      ->type_name("DIR");
}

void AddReporting(CLI::App& command, RunOptions& options) {
  std::string formats;
  for (const ReportFormat& format : ReportFormats()) formats += " " + format.name;
  command
      .add_option("--report", options.reports,
                  "FORMAT=FILE, '-' is standard output; formats:" + formats)
      ->type_name("FORMAT=FILE")
      ->allow_extra_args(false);
  command.add_option("--record", options.record, "directory for the evidence of each check")
      ->type_name("DIR");
  command.add_option("--keep", options.keep, "what --record keeps: failed, all or none")
      ->type_name("WHICH")
      ->capture_default_str();
  command.add_flag("-v,--verbose", options.verbose, "a line for every check");
}

}  // namespace

void AddHostOptions(CLI::App& command, SelectionOptions& options) {
  command
      .add_option(
          "--engine", options.engine,
          "what the shim drives: fake (built with the judge), real (what the profile names) "
          "or a program's path; default: fake where possible")
      ->type_name("ENGINE");
  command
      .add_option("--priv", options.priv,
                  "who owns the worlds: root, userns (a user namespace), or auto")
      ->type_name("WHO")
      ->capture_default_str();
}

CommandAction DefineRun(CLI::App& app, const CommandContext& context) {
  // Owned by the copies of the action; CLI refers to it while it parses.
  const auto options = std::make_shared<RunOptions>();
  app.add_option("--shim", options->shim, "the shim to judge: a path, or a name in PATH")
      ->type_name("SHIM");
  AddSelection(app, options->selection);
  AddJudging(app, *options);
  AddReporting(app, *options);
  app.footer(kRunFooter);
  return [options, &app, context] {
    options->shuffle = app.get_option("--shuffle")->count() > 0;
    options->argv = context.argv;
    return RunCommand(*options, context.checks);
  };
}

CommandAction DefineList(CLI::App& app, const CommandContext& context) {
  const auto options = std::make_shared<ListOptions>();  // as above
  AddSelection(app, options->selection);
  CLI::Option* const json = app.add_flag("--json", options->json, "as JSON");
  app.add_flag("--markdown", options->markdown,
               "all requirements and checks, as they stand in docs/checks.md")
      ->excludes(json);
  app.add_option("--why", options->why, "tell why this check is run or not")->type_name("CHECK");
  return [options, context] { return ListCommand(*options, context.checks); };
}

}  // namespace conformance
