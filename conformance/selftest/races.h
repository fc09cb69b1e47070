// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace conformance {

// The smallest probability that `kills` of `executions` still allow with one-sided 95 % confidence
// (Clopper and Pearson, exact). 0 without any kill.
double KillProbabilityBound(std::size_t kills, std::size_t executions);

}  // namespace conformance
