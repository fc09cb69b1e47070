// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/command_line.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <string>

#include "conformance/harness/accounting.h"
#include "conformance/harness/commands.h"

namespace conformance {
namespace {

bool IsCommand(const std::string& word) {
  return std::any_of(Commands().begin(), Commands().end(),
                     [&word](const Command& command) { return command.name == word; });
}

std::string CommandNames() {
  return absl::StrJoin(Commands(), ", ", [](std::string* out, const Command& command) {
    absl::StrAppend(out, command.name);
  });
}

// The sub-command, possibly nested, that parsing came to, and its words.
const CLI::App& Reached(const CLI::App& app, std::string& words) {
  const CLI::App* at = &app;
  words = app.get_name();
  for (;;) {
    const std::vector<CLI::App*> parsed = at->get_subcommands();
    if (parsed.empty()) return *at;
    at = parsed.front();
    absl::StrAppend(&words, " ", at->get_name());
  }
}

// What a missing option or argument is called in the help, and what it is for; "" if that is not
// what is wrong.
std::string Missing(const CLI::App& at, const CLI::ParseError& error) {
  for (const CLI::Option* option : at.get_options()) {
    if (option->get_name() + " is required" != error.what()) continue;
    const bool positional = option->get_positional();
    return absl::StrCat(positional ? "" : option->get_name() + " ", option->get_type_name(),
                        " is missing: ", option->get_description());
  }
  return "";
}

// One sentence with the help that tells more.
std::string Complaint(const CLI::App& app, const CLI::ParseError& error) {
  std::string words;
  const CLI::App& at = Reached(app, words);
  const std::string missing = Missing(at, error);
  std::string what = missing.empty() ? error.what() : missing;
  if (at.get_require_subcommand_min() > 0) {
    what = absl::StrCat(
        words, " needs one of ",
        absl::StrJoin(at.get_subcommands(nullptr), ", ",
                      [](std::string* out, const CLI::App* sub) { *out += sub->get_name(); }));
  }
  return absl::StrCat(what, " (see ", words, " --help)");
}

// After --help and --version: the disk behind standard output may be full.
int Told(int exit_code) {
  std::cout.flush();
  if (std::cout.good()) return exit_code;
  std::cerr << "shimgauge: standard output cannot be written" << std::endl;
  return kExitHarness;
}

}  // namespace

int CommandLineMain(int argc, char** argv, const std::vector<Check>& checks,
                    const std::vector<Check>& surveys, const StoryJudge& judge_story) {
  CLI::App app("shimgauge: a judge for containerd shims", "shimgauge");
  const std::vector<CommandAction> actions = DefineCommands(app, {.checks = checks,
                                                                  .surveys = surveys,
                                                                  .argv = {argv, argv + argc},
                                                                  .judge_story = judge_story});

  const std::string word = argc < 2 ? "" : argv[1];
  if (word.empty() || (word[0] != '-' && !IsCommand(word))) {
    std::cerr << "shimgauge: "
              << (word.empty() ? "no command given" : "'" + word + "' is no command")
              << "; the commands are " << CommandNames() << " (see shimgauge --help)" << std::endl;
    return kExitUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return Told(app.exit(help));
  } catch (const CLI::CallForVersion& version) {
    return Told(app.exit(version));
  } catch (const CLI::ParseError& error) {
    std::cerr << "shimgauge: " << Complaint(app, error) << std::endl;
    return kExitUsage;
  }
  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (app.get_subcommand(Commands()[i].name)->parsed()) return actions[i]();
  }
  std::cerr << "shimgauge: no command given; the commands are " << CommandNames() << std::endl;
  return kExitUsage;
}

}  // namespace conformance
