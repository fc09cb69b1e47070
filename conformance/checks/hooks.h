// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "conformance/harness/check.h"

namespace conformance {

// The parts of area "hooks" (hooks.md), one file each.
void AddHookInputChecks(std::vector<Check>& checks);    // what a hook gets, and where it runs
void AddHookFailureChecks(std::vector<Check>& checks);  // hooks that fail or hang
void AddHookEndChecks(std::vector<Check>& checks);      // poststop on every way out

}  // namespace conformance
