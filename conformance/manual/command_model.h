// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace conformance {

// The command line as data: what completion scripts and the man page are made of.
struct OptionModel {
  std::vector<std::string> names;  // "-j", "--jobs"; one bare name for a positional
  std::string value;               // "FILE"; empty for a flag
  std::string description;
  bool positional = false;
  bool required = false;
};

struct CommandModel {
  std::vector<std::string> words;  // {"call", "events"}; empty for the program itself
  std::string summary;
  std::vector<OptionModel> options;  // `--help` among them
  std::vector<CommandModel> commands;
  std::string footer;
};

CommandModel ModelOf(const CLI::App& app);

// `command` and everything below it, in the order of the help.
std::vector<const CommandModel*> AllCommands(const CommandModel& command);

}  // namespace conformance
