// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/repro_command.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/command_line.h"
#include "conformance/harness/commands.h"
#include "conformance/harness/run_command.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/recording.h"

namespace conformance {
namespace {

constexpr char kFooter[] = R"(
DIR is what `run --record DIR` was given; CHECK may end in the number of one execution.

Examples:
  shimgauge run --shim ./my-shim --record out
  shimgauge repro out/events/one-exit-per-process
  shimgauge repro out/events/one-exit-per-process --shim ./my-shim-fixed --until-fail

The exit code is that of run.)";

// Replaces the value of `option`, or adds both.
void SetOption(std::vector<std::string>& arguments, const std::string& option,
               const std::string& value) {
  const auto found = std::find(arguments.begin(), arguments.end(), option);
  if (found != arguments.end() && found + 1 != arguments.end()) {
    *(found + 1) = value;
  } else {
    arguments.insert(arguments.end(), {option, value});
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ReproArguments(const ReproOptions& options) {
  ASSIGN_OR_RETURN(const RecordedExecution recorded, FindRecordedExecution(options.path));
  std::vector<std::string> arguments = recorded.again;
  if (!recorded.profile.empty()) SetOption(arguments, "--profile", recorded.profile);
  if (!options.shim.empty()) SetOption(arguments, "--shim", options.shim);
  SetOption(arguments, "--seed", recorded.seed);
  arguments.push_back(recorded.check);
  arguments.insert(arguments.end(), options.more.begin(), options.more.end());
  return arguments;
}

CommandAction DefineRepro(CLI::App& app, const CommandContext& context) {
  struct Parsed {
    ReproOptions options;
    std::vector<std::string> reports;
    std::string repeat;
    bool until_fail = false;
    bool verbose = false;
  };
  const auto parsed = std::make_shared<Parsed>();  // owners: CLI's bindings, the action
  app.add_option("recorded", parsed->options.path,
                 "what `run --record DIR` wrote, or DIR/CHECK.NUMBER")
      ->type_name("DIR/CHECK")
      ->required();
  app.add_option("--shim", parsed->options.shim, "another build of the shim")->type_name("SHIM");
  app.add_option("--repeat", parsed->repeat, "run it N times")->type_name("N");
  app.add_flag("--until-fail", parsed->until_fail, "run it until it is red");
  app.add_option("--report", parsed->reports, "FORMAT=FILE, as for run")
      ->type_name("FORMAT=FILE")
      ->allow_extra_args(false);
  app.add_flag("-v,--verbose", parsed->verbose, "a line for every check");
  app.footer(kFooter);
  return [parsed, context] {
    ReproOptions options = parsed->options;
    std::vector<std::string>& more = options.more;
    if (!parsed->repeat.empty()) more.insert(more.end(), {"--repeat", parsed->repeat});
    if (parsed->until_fail) more.push_back("--until-fail");
    for (const std::string& report : parsed->reports) {
      more.insert(more.end(), {"--report", report});
    }
    if (parsed->verbose) more.push_back("--verbose");
    const absl::StatusOr<std::vector<std::string>> arguments = ReproArguments(options);
    if (!arguments.ok()) return Complain(arguments.status());
    std::vector<std::string> words = {"shimgauge"};
    words.insert(words.end(), arguments->begin(), arguments->end());
    std::cerr << absl::StrJoin(words, " ", [](std::string* out, const std::string& word) {
      *out += ShellWord(word);
    }) << std::endl;
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    return CommandLineMain(static_cast<int>(argv.size()), argv.data(), context.checks,
                           context.surveys, context.judge_story);
  };
}

}  // namespace conformance
