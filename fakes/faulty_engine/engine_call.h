// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "fakes/fault/fault_request.h"

namespace fakes {

// One call of an engine that has defects: what it is told is changed, the healthy engine behind
// (request.subject) does it, what it tells is changed. Where no rule applies the process becomes
// the healthy engine. `words` are the engine's own. Returns the exit code. Errors are of the rules,
// or that nothing can be run.
absl::StatusOr<int> RunFaultyEngine(const FaultRequest& request,
                                    const std::vector<std::string>& words);

}  // namespace fakes
