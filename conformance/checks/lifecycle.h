// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "conformance/harness/check.h"

// The parts AddLifecycleChecks is made of, one per lifecycle_*.cc (contract §4).
namespace conformance {

void AddStateMatrix(std::vector<Check>& checks);         // §4.2: every call in every state
void AddTaskChecks(std::vector<Check>& checks);          // §4.3, §4.5: TASK, START of an init
void AddCreateChecks(std::vector<Check>& checks);        // §4.4: Create that succeeds
void AddFailedCreateChecks(std::vector<Check>& checks);  // §4.4: Create that fails
void AddStateChecks(std::vector<Check>& checks);         // §4.6: STATE, CONN, PIDS, STATS
void AddWaitChecks(std::vector<Check>& checks);          // §4.9
void AddDeleteChecks(std::vector<Check>& checks);        // §4.10
void AddControlChecks(std::vector<Check>& checks);       // §4.11: PAUSE, UPDATE, SHUT
void AddRaceChecks(std::vector<Check>& checks);          // §4: what happens at once
void AddSeldomChecks(std::vector<Check>& checks);        // §4: what seldom happens

}  // namespace conformance
