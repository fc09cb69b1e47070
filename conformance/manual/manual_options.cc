// SPDX-License-Identifier: Apache-2.0
// `completion` and `man`: made from the definition of the command line itself.
#include <absl/status/statusor.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "conformance/harness/accounting.h"
#include "conformance/harness/commands.h"
#include "conformance/harness/run_command.h"
#include "conformance/manual/command_model.h"
#include "conformance/manual/completion.h"
#include "conformance/manual/man_page.h"

namespace conformance {
namespace {

constexpr char kCompletionFooter[] = R"(
Examples:
  source <(shimgauge completion bash)
  shimgauge completion zsh > ~/.zfunc/_shimgauge
  shimgauge completion fish > ~/.config/fish/completions/shimgauge.fish)";

CommandModel WholeModel(const CommandContext& context) {
  CLI::App app("shimgauge: a judge for containerd shims", "shimgauge");
  const std::vector<CommandAction> actions = DefineCommands(app, context);
  return ModelOf(app);
}

}  // namespace

CommandAction DefineCompletion(CLI::App& app, const CommandContext& context) {
  const auto shell = std::make_shared<std::string>();  // owned by the action's copies
  app.add_option("shell", *shell, "bash, zsh or fish")->type_name("SHELL")->required();
  app.footer(kCompletionFooter);
  return [shell, context] {
    const absl::StatusOr<std::string> script = CompletionScript(WholeModel(context), *shell);
    return script.ok() ? Print(*script, kExitAsExpected) : Complain(script.status());
  };
}

CommandAction DefineMan(CLI::App& app, const CommandContext& context) {
  app.footer("\nExample:\n  shimgauge man | man -l -");
  return
      [context] { return Print(ManPage(WholeModel(context), SHIMGAUGE_VERSION), kExitAsExpected); };
}

}  // namespace conformance
