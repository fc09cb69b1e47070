// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "conformance/harness/check.h"

namespace conformance {

// What `shimgauge probe` asks a shim it knows nothing about: "survey/runs" first (create, start,
// wait, delete), then one check per claim of a profile, "survey/<claim>", that passes if the shim
// has the capability and fails or skips if not. They judge no requirement and belong to no run.
//
// "survey/world" asks nothing of a shim: it is skipped where a world can be made, for `doctor`.
std::vector<Check> SurveyChecks();

}  // namespace conformance
