// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <functional>
#include <string>
#include <vector>

#include "conformance/harness/check.h"
#include "conformance/harness/verdict.h"

namespace CLI {
class App;
}

namespace conformance {

// Judges a story (see story_text.h) by the rules over whole histories. INVALID_ARGUMENT if it is
// none.
using StoryJudge = std::function<absl::StatusOr<std::vector<Why>>(absl::string_view story)>;

// What a sub-command may know besides its own options.
struct CommandContext {
  const std::vector<Check>& checks;   // all there are
  const std::vector<Check>& surveys;  // what `probe` and `doctor` ask
  std::vector<std::string> argv;      // the whole command line
  StoryJudge judge_story;
};

// What a parsed sub-command does. Returns the exit code.
using CommandAction = std::function<int()>;

// One sub-command of `shimgauge`. `define` adds its options to `app`, whose name and summary are
// set already, and returns the action; the action owns the variables that parsing fills.
struct Command {
  std::string name;
  std::string summary;
  std::function<CommandAction(CLI::App& app, const CommandContext& context)> define;
};

// Every sub-command, in the order of the help.
const std::vector<Command>& Commands();

// Adds all of Commands() to `app`, one sub-command each. The result has their actions in the same
// order; it must outlive the parsing.
std::vector<CommandAction> DefineCommands(CLI::App& app, const CommandContext& context);

// The commands' own `define`s, one file each.
CommandAction DefineRun(CLI::App& app, const CommandContext& context);
CommandAction DefineRepro(CLI::App& app, const CommandContext& context);
CommandAction DefineReplay(CLI::App& app, const CommandContext& context);
CommandAction DefineDiff(CLI::App& app, const CommandContext& context);
CommandAction DefineMerge(CLI::App& app, const CommandContext& context);
CommandAction DefineList(CLI::App& app, const CommandContext& context);
CommandAction DefineProbe(CLI::App& app, const CommandContext& context);
CommandAction DefineProfile(CLI::App& app, const CommandContext& context);
CommandAction DefineDoctor(CLI::App& app, const CommandContext& context);
CommandAction DefineExpect(CLI::App& app, const CommandContext& context);
CommandAction DefineBench(CLI::App& app, const CommandContext& context);
CommandAction DefineCall(CLI::App& app, const CommandContext& context);
CommandAction DefineCompletion(CLI::App& app, const CommandContext& context);
CommandAction DefineMan(CLI::App& app, const CommandContext& context);
CommandAction DefineSelftest(CLI::App& app, const CommandContext& context);
CommandAction DefineExplain(CLI::App& app, const CommandContext& context);

}  // namespace conformance
