// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>

#include "reference-shim/stage/stage_plan.h"

// <bundle>/wasm.json (0600): there is a Wasm container in this bundle, and its poststop hooks are
// still to come. What `delete` goes by when the shim has died.
namespace backends {

absl::Status SaveWasmRecord(const std::string& bundle, const stage::StagePlan& plan);

// NOT_FOUND when there is none, INVALID_ARGUMENT when it cannot be understood.
absl::StatusOr<stage::StagePlan> LoadWasmRecord(const std::string& bundle);

bool HasWasmRecord(const std::string& bundle);

// False: it was gone already. Of two that remove it at once, one is told so: whoever has removed it
// runs the hooks, and nobody else (HOOK-10).
[[nodiscard]] bool RemoveWasmRecord(const std::string& bundle);

}  // namespace backends
