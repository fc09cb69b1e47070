// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conformance/harness/check.h"

namespace conformance {

// The claim `sandbox`: the shim serves the Sandbox API (contract 9), whatever its sandboxes are.
inline constexpr Need kNeedSandbox = static_cast<Need>(1u << 17);

}  // namespace conformance
