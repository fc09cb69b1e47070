// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "reference-shim/backends/oci/engine_command.h"
#include "reference-shim/backends/oci/engine_options.h"
#include "reference-shim/shim/backend.h"

namespace backends {

// One checkpoint: the engine's command and what surrounds it.
struct CheckpointPlan {
  EngineCommand command;
  std::string work_path;      // where CRIU writes its log
  bool work_is_ours = false;  // to be removed afterwards
};

// INVALID_ARGUMENT for options of another type, or if nobody names an image directory (CKPT-01,
// CKPT-02).
absl::StatusOr<CheckpointPlan> PlanCheckpoint(const std::string& id, const std::string& bundle,
                                              const EngineOptions& engine_options,
                                              const shim::CheckpointSpec& spec);

// After the command: removes the work directory if it is ours. A failure's message gets to mention
// <bundle>/criu-dump.log, a copy of CRIU's log (CKPT-04).
absl::Status FinishCheckpoint(const CheckpointPlan& plan, const std::string& bundle,
                              const absl::Status& outcome);

// The command that restores a container from the image directory `image` (CKPT-05).
EngineCommand RestoreCommand(const std::string& id, const std::string& bundle,
                             const EngineOptions& engine_options, const std::string& image);

}  // namespace backends
