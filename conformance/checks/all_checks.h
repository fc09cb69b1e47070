// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "conformance/harness/check.h"

namespace conformance {

// Every check there is, area by area, in the order of reports.
std::vector<Check> AllChecks();

}  // namespace conformance
