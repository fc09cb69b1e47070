// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/commands.h"

#include <CLI/CLI.hpp>

namespace conformance {

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands = {
      {"run", "judge a shim", &DefineRun},
      {"list", "tell what would be run", &DefineList},
      {"explain", "tell all about a requirement or a check", &DefineExplain},
      {"repro", "run one recorded execution again", &DefineRepro},
      {"replay", "judge a recording again, without the shim", &DefineReplay},
      {"diff", "compare two results", &DefineDiff},
      {"merge", "make one result of the shards of a run", &DefineMerge},
      {"probe", "find out what a shim can do and write a profile", &DefineProbe},
      {"profile", "write a ready-made profile, and what its shim is to read", &DefineProfile},
      {"doctor", "tell whether this machine is fit, and what it lacks", &DefineDoctor},
      {"expect", "look after files of known red verdicts", &DefineExpect},
      {"bench", "measure what a shim costs", &DefineBench},
      {"call", "speak ttrpc to a running shim", &DefineCall},
      {"selftest", "put the judge itself to the proof", &DefineSelftest},
      {"completion", "print a completion script for a shell", &DefineCompletion},
      {"man", "print the man page", &DefineMan},
  };
  return commands;
}

std::vector<CommandAction> DefineCommands(CLI::App& app, const CommandContext& context) {
  // Else the name of another command, as an argument, would be that command.
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "shimgauge " SHIMGAUGE_VERSION);
  app.footer(
      "\n`shimgauge COMMAND --help` tells more. To judge a shim:\n"
      "  shimgauge run --shim containerd-shim-runc-v2");
  std::vector<CommandAction> actions;
  for (const Command& command : Commands()) {
    CLI::App* const sub = app.add_subcommand(command.name, command.summary);
    actions.push_back(command.define(*sub, context));
  }
  return actions;
}

}  // namespace conformance
