// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/commands.h"

namespace conformance {

// One sub-command of `shimgauge bench`, defined as those of `shimgauge` are: `define` adds the
// options and returns the action.
struct BenchCommand {
  std::string name;
  std::string summary;
  CommandAction (*define)(CLI::App& app);
};

// Every one, in the order of the help. To add one: a file of its own and a row here.
const std::vector<BenchCommand>& BenchCommands();

CommandAction DefineBenchRun(CLI::App& app);
CommandAction DefineBenchCompare(CLI::App& app);
CommandAction DefineBenchGate(CLI::App& app);
CommandAction DefineBenchHistory(CLI::App& app);
CommandAction DefineBenchBisect(CLI::App& app);
CommandAction DefineBenchExport(CLI::App& app);
CommandAction DefineBenchMetrics(CLI::App& app);

}  // namespace conformance
