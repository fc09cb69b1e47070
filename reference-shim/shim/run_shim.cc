// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <csignal>

#include "container/gated_process.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/command_io.h"
#include "reference-shim/shim/delete_command.h"
#include "reference-shim/shim/info_command.h"
#include "reference-shim/shim/options.h"
#include "reference-shim/shim/serve_command.h"
#include "reference-shim/shim/start_command.h"

namespace shim {
namespace {

constexpr int kUsageError = 2;

int RefuseUsage(const char* program, absl::string_view why) {
  WriteStderr(absl::StrCat(program, ": ", why, "\n", Usage(program)));
  return kUsageError;
}

}  // namespace

int RunShim(int argc, char** argv, const BackendFactory& factory) {
  // A backend's process waiting to become a program (container::GatedProcess).
  if (container::IsGate(argc, argv)) container::RunGate(argv);
  // SIG-01; also a closed stdout must end in a failure that cleans up, not in our death.
  ::signal(SIGPIPE, SIG_IGN);
  const char* program = argc > 0 ? argv[0] : "containerd-shim";
  const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  const absl::StatusOr<Options> options = ParseOptions(args);
  if (!options.ok()) return RefuseUsage(program, options.status().message());
  if (options->version) return VersionCommand(program);
  if (options->info) return InfoCommand(program, factory);
  if (options->action.empty()) return ServeCommand(*options, program, factory);
  if (options->action == "start") return StartCommand(*options, argc, argv, factory);
  if (options->action == "delete") return DeleteCommand(*options, program, factory);
  return RefuseUsage(program, absl::StrCat("unknown action ", options->action));
}

}  // namespace shim
