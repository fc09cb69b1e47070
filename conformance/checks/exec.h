// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "conformance/harness/check.h"

// The parts AddExecChecks is made of, one per exec_*.cc (contract §4.8 and the execs' part of §4).
namespace conformance {

void AddExecRegistrationChecks(std::vector<Check>& checks);  // ids, specs, what Exec refuses
void AddExecProcessChecks(std::vector<Check>& checks);       // what the process gets to see
void AddExecStartChecks(std::vector<Check>& checks);         // START-31...39
void AddExecEndChecks(std::vector<Check>& checks);           // Wait, Delete, exits
void AddExecFileChecks(std::vector<Check>& checks);          // files, late events

}  // namespace conformance
