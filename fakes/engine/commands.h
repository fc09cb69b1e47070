// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "fakes/engine/command_line.h"
#include "fakes/engine/engine_faults.h"
#include "fakes/engine/engine_log.h"

// The verbs. Each returns the exit code of the engine, or the error that it reports; the words of
// errors are runc's where shims look at them: "container does not exist", "container not running".
namespace fakes {

struct Command {
  std::string root;             // --root
  bool systemd_cgroup = false;  // --systemd-cgroup
  Flags flags;                  // of the verb
  std::vector<std::string> arguments;
  EngineLog log;
  // Filled before the verb runs.
  std::string id;  // the first argument, where the verb has a container
};

absl::StatusOr<int> RunCreate(const Command& command, EngineFaults& faults);
absl::StatusOr<int> RunStart(const Command& command, EngineFaults& faults);
absl::StatusOr<int> RunExec(const Command& command, EngineFaults& faults);
absl::StatusOr<int> RunKill(const Command& command, EngineFaults& faults);
absl::StatusOr<int> RunDelete(const Command& command, EngineFaults& faults);
absl::StatusOr<int> RunState(const Command& command, EngineFaults& faults);
absl::StatusOr<int> RunPs(const Command& command, EngineFaults& faults);
absl::StatusOr<int> RunList(const Command& command, EngineFaults& faults);
absl::StatusOr<int> RunPause(const Command& command, EngineFaults& faults);
absl::StatusOr<int> RunResume(const Command& command, EngineFaults& faults);
absl::StatusOr<int> RunUpdate(const Command& command, EngineFaults& faults);
absl::StatusOr<int> RunEvents(const Command& command, EngineFaults& faults);
absl::StatusOr<int> RunFeatures(const Command& command, EngineFaults& faults);
absl::StatusOr<int> RunCheckpoint(const Command& command, EngineFaults& faults);
absl::StatusOr<int> RunRestore(const Command& command, EngineFaults& faults);

// To stdout, whole.
void Print(const std::string& text);

}  // namespace fakes
