// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include "conformance/harness/run_command.h"
#include "conformance/harness/runner.h"

namespace conformance {

// The options of `run` that say which part of the plan is executed, in which order and how often:
// --shard, --durations, --order, --since, --until-fail, --soak, --retry-unexpected, --strict.

// INVALID_ARGUMENT for values out of range and for options that contradict each other.
absl::Status CheckExecution(const RunOptions& options);

// Cuts the plan of `config.info` to the shard and sets the rest. Reads the result files that
// options name; NOT_FOUND when the shard holds no check.
absl::Status ApplyExecution(const RunOptions& options, RunnerConfig& config);

}  // namespace conformance
