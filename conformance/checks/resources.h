// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "conformance/harness/check.h"

namespace conformance {

// The part of area "resources" about the spec: what config.json may lack, or have in addition.
void AddSpecChecks(std::vector<Check>& checks);

}  // namespace conformance
