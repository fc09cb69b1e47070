// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "conformance/harness/check.h"

namespace conformance {

// Further parts of area "signals-reap", one file each.
void AddDaemonChecks(std::vector<Check>& checks);     // signals to the daemon, its resources
void AddExitTruthChecks(std::vector<Check>& checks);  // every status, told everywhere alike
void AddExitRaceChecks(std::vector<Check>& checks);   // ends that meet other ends, starts, stops

}  // namespace conformance
