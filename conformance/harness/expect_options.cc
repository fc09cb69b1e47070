// SPDX-License-Identifier: Apache-2.0
// The options of `expect`.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "conformance/harness/commands.h"
#include "conformance/harness/expect_command.h"

namespace conformance {
namespace {

constexpr char kExpectFooter[] = R"(
An expectation names a check, how it ends, the exact why.code, and where that is known. A run is red
when a check passes against its entry, fails for another reason, or when an entry is stale.

Examples:
  shimgauge run --shim ./my-shim --report json=out.json
  shimgauge expect update out.json known.toml            shows the change as a diff
  shimgauge expect update out.json known.toml --write    makes it
  shimgauge expect prune out.json known.toml             entries that are of no use any more
  shimgauge expect lint known.toml

Exit codes: 0 nothing to say or written, 1 problems found or a change proposed, 2 usage.)";

void AddFiles(CLI::App& app, ExpectEditOptions& options) {
  app.add_option("results", options.results, "what --report json= or jsonl= wrote")
      ->type_name("RESULT")
      ->required();
  app.add_option("file", options.file, "the expectations (TOML)")->type_name("FILE")->required();
  app.add_flag("--write", options.write, "change the file instead of showing a diff");
}

}  // namespace

CommandAction DefineExpect(CLI::App& app, const CommandContext& context) {
  CLI::App* const lint = app.add_subcommand("lint", "find what is wrong with expectation files");
  const auto files = std::make_shared<std::vector<std::string>>();  // owned by the action's copies
  lint->add_option("files", *files, "in the order of --expect; later ones win")
      ->type_name("FILE")
      ->required();

  CLI::App* const update = app.add_subcommand("update", "expect what was red in a run");
  const auto changes = std::make_shared<ExpectEditOptions>();  // as above
  AddFiles(*update, *changes);
  update->add_option("--issue", changes->fields.issue, "where new entries are known")
      ->type_name("URL");
  update->add_option("--owner", changes->fields.owner, "who looks after new entries")
      ->type_name("NAME");

  CLI::App* const prune = app.add_subcommand("prune", "drop what a run no longer needs");
  const auto removals = std::make_shared<ExpectEditOptions>();  // as above
  AddFiles(*prune, *removals);

  app.require_subcommand(1);
  app.footer(kExpectFooter);
  return [=] {
    if (lint->parsed()) return ExpectLintCommand(*files, context.checks);
    if (update->parsed()) return ExpectUpdateCommand(*changes, context.checks);
    return ExpectPruneCommand(*removals, context.checks);
  };
}

}  // namespace conformance
