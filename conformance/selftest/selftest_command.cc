// SPDX-License-Identifier: Apache-2.0
// The options of `selftest`.
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "conformance/harness/commands.h"
#include "conformance/harness/durations.h"
#include "conformance/selftest/programs.h"
#include "conformance/selftest/selftest_options.h"

namespace conformance {
namespace {

constexpr int kJobsMax = 256;
constexpr int kRepeatMax = 100000;

constexpr char kFooter[] = R"(
The judge on trial: whether it catches bugs, and only bugs. The programs with the bugs lie beside
shimgauge; build the target `proof`.

Examples:
  shimgauge selftest faults                            every known fault, by the checks of its row
  shimgauge selftest faults seam:wire 'check:events/*' --list
  shimgauge selftest faults seam:wire --shim containerd-shim-runc-v2
  shimgauge selftest faults tag:race --repeat 20 --at-least 0.5
  shimgauge selftest null                              no check may pass on what is no shim
  shimgauge selftest legal --repeat 20                 nothing may be red that is allowed
  shimgauge selftest bench                             comparisons find what is slower, and only that
  shimgauge selftest matrix --keep build/matrix --shard 1/4 --result selftest.json
  shimgauge selftest page selftest.json null.json legal.json > docs/proof.md

Exit codes: 0 proven, 1 not proven, 2 usage, 3 a program is missing or the host unfit,
4 trouble of the judge, 5 nothing selected, 130 interrupted.)";

// Worlds hide /tmp, but for the directories of PATH: a build there has the programs of wrappers
// too.
void ShowProgramsInWorlds() {
  const std::string program = JudgeProgram();
  const char* const path = std::getenv("PATH");
  ::setenv("PATH",
           absl::StrCat(path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path, ":",
                        program.substr(0, program.rfind('/')))
               .c_str(),
           1);
}

using Options = std::shared_ptr<SelftestOptions>;  // owners: CLI's bindings, the action

void AddRunning(CLI::App& app, SelftestOptions& options) {
  app.add_option("-j,--jobs", options.jobs,
                 "judges, or checks, at a time (default: some for each CPU)")
      ->type_name("N");
  app.add_option("--repeat", options.repeat, "run every check N times")->type_name("N");
  app.add_option("--deadline-scale", options.deadline_scale, "factor of all deadlines")
      ->type_name("X")
      ->capture_default_str();
  app.add_option("--result", options.result, "write what was found (JSON)")->type_name("FILE");
}

void AddSubject(CLI::App& app, SelftestOptions& options) {
  app.add_option("--shim", options.shim,
                 "the healthy shim behind the faults (default: the reference shim)")
      ->type_name("SHIM");
  app.add_option("--profile", options.profile, "what that shim claims")->type_name("PROFILE");
  app.add_option("--engine", options.engine, "what that shim drives, as for run")
      ->type_name("ENGINE");
}

Options DefineFaults(CLI::App& app) {
  const auto options = std::make_shared<SelftestOptions>();
  app.add_option("faults", options->selectors,
                 "names or globs, seam:wire|shim|engine, check:GLOB, tag:NAME; '!' excludes")
      ->type_name("FAULT");
  AddRunning(app, *options);
  AddSubject(app, *options);
  app.add_option("--at-least", options->at_least,
                 "with --repeat: a fault that is killed with at least this probability, at 95 % "
                 "confidence, is killed")
      ->type_name("P");
  app.add_option("--shard", options->shard, "the I-th of N parts of the faults")->type_name("I/N");
  app.add_option("--shuffle", options->shuffle, "another order; the same word gives the same one")
      ->type_name("WORD");
  AddBudget(app, "fault", options->budget);
  app.add_option("--keep", options->keep,
                 "directory where the result of each fault is kept and, while nothing that it "
                 "depends on has changed, used again")
      ->type_name("DIR");
  return options;
}

void AddChecks(CLI::App& app, SelftestOptions& options) {
  app.add_option("--check", options.checks, "selects checks, as run does; may be repeated")
      ->type_name("SELECTOR")
      ->allow_extra_args(false);
}

Options DefineLegal(CLI::App& app) {
  const auto options = std::make_shared<SelftestOptions>();
  app.add_option("variants", options->selectors, "names or globs; '!' excludes")
      ->type_name("VARIANT");
  AddRunning(app, *options);
  AddChecks(app, *options);
  app.add_option("--shim", options->shim, "the shim (default: the reference shim)")
      ->type_name("SHIM");
  app.add_option("--keep", options->keep,
                 "directory where green repeats of each variant are kept and, while nothing that "
                 "they depend on has changed, counted again")
      ->type_name("DIR");
  app.add_option("--revision", options->revision, "what the tree is called in the result")
      ->type_name("TEXT");
  app.add_option("--reports", options->reports, "directory for the reports of what is red")
      ->type_name("DIR");
  app.add_flag("--list", options->list, "tell which variants there are");
  return options;
}

Options DefineNull(CLI::App& app) {
  const auto options = std::make_shared<SelftestOptions>();
  // Nothing they owe ever comes: waiting long for it shows nothing.
  options->deadline_scale = 0.1;
  app.add_option("subjects", options->selectors, "names or globs; '!' excludes")
      ->type_name("SUBJECT");
  AddRunning(app, *options);
  AddChecks(app, *options);
  app.add_option("--profile", options->profile, "what is claimed for them")->type_name("PROFILE");
  app.add_option("--limit", options->limit, "seconds that the run of a subject may take")
      ->type_name("N")
      ->capture_default_str();
  app.add_flag("--list", options->list, "tell which subjects there are");
  return options;
}

}  // namespace

void AddBudget(CLI::App& app, const std::string& what, std::chrono::milliseconds& budget) {
  app.add_option_function<std::string>(
         "--budget",
         [&budget](const std::string& text) {
           const auto parsed = ParseLongDuration(text);
           if (!parsed) {
             throw CLI::ValidationError(
                 "--budget",
                 "'" + text + "': expected a time such as 90s, 10m or 8h, up to a week");
           }
           budget = *parsed;
         },
         "begin no further " + what + " after this time, and say how many were left")
      ->type_name("DURATION");
}

absl::Status CheckSelftestRanges(const SelftestOptions& options) {
  if (options.jobs < 0 || options.jobs > kJobsMax) {
    return absl::InvalidArgumentError(absl::StrCat("-j: between 1 and ", kJobsMax));
  }
  if (options.repeat < 1 || options.repeat > kRepeatMax) {
    return absl::InvalidArgumentError(absl::StrCat("--repeat: between 1 and ", kRepeatMax));
  }
  if (!(options.deadline_scale >= 0.01 && options.deadline_scale <= 1000)) {
    return absl::InvalidArgumentError("--deadline-scale: between 0.01 and 1000");
  }
  if (!(options.at_least >= 0 && options.at_least < 1)) {
    return absl::InvalidArgumentError("--at-least: a probability below 1");
  }
  if (options.at_least > 0 && options.repeat == 1) {
    return absl::InvalidArgumentError("--at-least needs --repeat: one execution tells nothing");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> MakeNamedDirectory(absl::string_view option,
                                               const std::string& directory) {
  if (directory.empty()) return std::string();
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  const std::string path = std::filesystem::canonical(directory, error).string();
  if (!error) return path;
  return absl::InvalidArgumentError(absl::StrCat(option, " ", directory, ": ", error.message()));
}

int JobsOf(const SelftestOptions& options, int per_cpu) {
  if (options.jobs > 0) return options.jobs;
  return per_cpu * std::max(1, static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)));
}

CommandAction DefineSelftest(CLI::App& app, const CommandContext& context) {
  CLI::App* const faults = app.add_subcommand("faults", "every known fault must be caught");
  const Options caught = DefineFaults(*faults);
  AddChecks(*faults, *caught);
  faults->add_flag("--list", caught->list, "tell which faults there are and what catches them");

  CLI::App* const matrix = app.add_subcommand("matrix", "every fault against every check");
  const Options all = DefineFaults(*matrix);
  AddChecks(*matrix, *all);
  matrix->add_flag("--keep-earlier", all->keep_earlier,
                   "with --keep: results of the same rows and checks with other programs as well, "
                   "told apart; for a matrix that takes several sittings");

  CLI::App* const legal = app.add_subcommand("legal", "what the contract allows must be green");
  const Options allowed = DefineLegal(*legal);

  CLI::App* const null = app.add_subcommand("null", "what is no shim must not pass");
  const Options none = DefineNull(*null);

  CLI::App* const bench = app.add_subcommand("bench", "planted slowdowns must be found");
  const CommandAction measure = DefineSelftestBench(*bench);

  CLI::App* const page = app.add_subcommand("page", "write what was found as Markdown");
  const Options told = std::make_shared<SelftestOptions>();
  page->add_option("results", told->selectors, "what --result of selftests wrote")
      ->type_name("RESULT");
  page->add_option("--earlier", told->earlier,
                   "a result of legal variants at another revision, whose repeats are told apart; "
                   "may be repeated")
      ->type_name("RESULT")
      ->allow_extra_args(false);
  page->add_flag("--figures", told->figures, "only the sentences of the README");
  page->add_flag("--digest", told->digest,
                 "only the digest of faults, checks and variants that a page of today bears");

  app.require_subcommand(1);
  app.footer(kFooter);
  return [=] {
    std::signal(SIGPIPE, SIG_IGN);
    ShowProgramsInWorlds();
    if (faults->parsed()) return SelftestFaultsCommand(*caught, context.checks);
    if (legal->parsed()) return SelftestLegalCommand(*allowed);
    if (null->parsed()) return SelftestNullCommand(*none);
    if (bench->parsed()) return measure();
    if (page->parsed()) return SelftestPageCommand(*told, context.checks);
    return SelftestMatrixCommand(*all, context.checks);
  };
}

}  // namespace conformance
