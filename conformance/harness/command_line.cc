// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "conformance/harness/accounting.h"
#include "conformance/harness/list_command.h"
#include "conformance/harness/run_command.h"
#include "conformance/reports/reports.h"

namespace conformance {
namespace {

constexpr char kRunFooter[] = R"(
Selectors choose checks by id or area ('events', 'events/*exit*'), tag:NAME, req:ID or level:must;
a leading '!' (or '-', after --) excludes. Without any, every check is run.

Examples:
  shimgauge run --shim containerd-shim-runc-v2
  shimgauge run --shim ./my-shim events lifecycle '!tag:slow'
  shimgauge run --shim ./my-shim --profile my.toml --expect known.toml --report junit=out.xml
  shimgauge run --shim ./my-shim events/exit-after-start --repeat 100 --shuffle

Exit codes: 0 as expected, 1 unexpected verdict, 2 usage, 3 host unfit, 4 harness error,
5 nothing selected or run, 130 interrupted.)";

void AddSelection(CLI::App& command, SelectionOptions& options) {
  command.add_option("selectors", options.selectors, "checks to choose, see below")
      ->type_name("SELECTOR");
  command.add_option("--profile", options.profile, "what the shim claims (TOML)")
      ->type_name("FILE");
  command.add_option("--expect", options.expect, "known red verdicts (TOML); may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("--level", options.level, "weakest level that is judged: must, should or all")
      ->type_name("LEVEL")
      ->capture_default_str();
}

void AddRun(CLI::App& command, RunOptions& options) {
  command.add_option("--shim", options.shim, "the shim to judge: a path, or a name in PATH")
      ->type_name("SHIM");
  AddSelection(command, options.selection);
  command.add_option("-j,--jobs", options.jobs, "checks at a time (default: one per CPU)")
      ->type_name("N");
  command.add_option("--repeat", options.repeat, "run every check N times; mixed verdicts are red")
      ->type_name("N");
  command.add_flag("--shuffle{}", options.shuffle_seed,
                   "random order; --shuffle=SEED repeats an order");
  command.add_option("--seed", options.seed, "seed of the run (hexadecimal)")->type_name("SEED");
  command.add_option("--deadline-scale", options.deadline_scale, "factor of all deadlines")
      ->type_name("X");
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
  command.add_flag("--fail-fast{1}", options.fail_fast,
                   "stop after the first, or with =K the K-th, unexpected verdict");
  command.add_flag("-v,--verbose", options.verbose, "a line for every check");
  command
      .add_option("--containerd-ns", options.containerd_ns, "containerd namespace of the checks")
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--fixtures", options.fixtures,
                  "directory of the fixture programs (default: beside the executable)")
      ->type_name("DIR");
  command.footer(kRunFooter);
}

}  // namespace

int CommandLineMain(int argc, char** argv, const std::vector<Check>& checks) {
  CLI::App app("shimgauge: a judge for containerd shims", "shimgauge");
  app.set_version_flag("--version", "shimgauge " SHIMGAUGE_VERSION);
  app.footer(
      "\n`shimgauge COMMAND --help` tells more. To judge a shim:\n"
      "  shimgauge run --shim containerd-shim-runc-v2");

  RunOptions run_options;
  CLI::App* const run = app.add_subcommand("run", "judge a shim");
  AddRun(*run, run_options);

  ListOptions list_options;
  CLI::App* const list = app.add_subcommand("list", "tell what would be run");
  AddSelection(*list, list_options.selection);
  list->add_flag("--json", list_options.json, "as JSON");
  list->add_option("--why", list_options.why, "tell why this check is run or not")
      ->type_name("CHECK");

  const std::string command = argc < 2 ? "" : argv[1];
  if (command.empty() || (command[0] != '-' && command != "run" && command != "list")) {
    std::cerr << "shimgauge: "
              << (command.empty() ? "no command given" : "'" + command + "' is no command")
              << "; the commands are run and list (see shimgauge --help)" << std::endl;
    return kExitUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ParseError& error) {
    std::cerr << "shimgauge: " << error.what() << " (see shimgauge --help)" << std::endl;
    return kExitUsage;
  }
  if (list->parsed()) return ListCommand(list_options, checks);
  if (!run->parsed()) {
    std::cerr << "shimgauge: no command given; the commands are run and list" << std::endl;
    return kExitUsage;
  }
  run_options.shuffle = run->get_option("--shuffle")->count() > 0;
  run_options.argv.assign(argv, argv + argc);
  return RunCommand(run_options, checks);
}

}  // namespace conformance
