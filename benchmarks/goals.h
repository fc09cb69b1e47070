// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "benchmarks/statistics.h"

namespace benchmarks {

// One thing the reference shim wants to achieve, and what was measured of it.
struct Goal {
  std::string what;     // "start + first call, against the floor"
  std::string unit;     // "×", "ms", "KiB", "/s"
  double wanted = 0;    // the limit
  bool at_most = true;  // else at least
  Estimate measured;    // with its 95 % interval
};

enum class GoalVerdict { kMet, kUndecided, kMissed };

// Decided only where the whole interval lies on one side of the limit.
GoalVerdict Judge(const Goal& goal);

// A Markdown table, a row per goal; nothing for no goals.
std::string GoalTable(const std::vector<Goal>& goals);

}  // namespace benchmarks
