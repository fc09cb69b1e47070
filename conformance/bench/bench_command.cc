// SPDX-License-Identifier: Apache-2.0
#include "conformance/bench/bench_command.h"

#include <CLI/CLI.hpp>
#include <utility>

namespace conformance {

const std::vector<BenchCommand>& BenchCommands() {
  static const std::vector<BenchCommand> commands = {
      {"run", "measure shims", &DefineBenchRun},
      {"compare", "tell whether a change made a shim slower or larger", &DefineBenchCompare},
      {"gate", "hold a shim against runs of before", &DefineBenchGate},
      {"history", "keep runs and find where they changed", &DefineBenchHistory},
      {"bisect", "find the commit that made a shim worse", &DefineBenchBisect},
      {"export", "write a result for other tools, or as a picture", &DefineBenchExport},
      {"metrics", "tell what is measured", &DefineBenchMetrics},
  };
  return commands;
}

CommandAction DefineBench(CLI::App& app, const CommandContext&) {
  std::vector<std::pair<CLI::App*, CommandAction>> parts;
  for (const BenchCommand& command : BenchCommands()) {
    CLI::App* const sub = app.add_subcommand(command.name, command.summary);
    parts.emplace_back(sub, command.define(*sub));
  }
  app.require_subcommand(1);
  return [parts = std::move(parts)] {
    for (const auto& [sub, action] : parts) {
      if (sub->parsed()) return action();
    }
    return 2;  // not reached: one is required
  };
}

}  // namespace conformance
