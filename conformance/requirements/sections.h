// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "conformance/harness/requirement.h"

namespace conformance {

// One function per section of the contract: appends its rows, in the order of their numbers.
void AddHarnessRequirements(std::vector<Requirement>& rows);     // HARN
void AddInvocationRequirements(std::vector<Requirement>& rows);  // FLAG VER INFO START-0x/1x/20 ENV
void AddBootstrapFormatRequirements(std::vector<Requirement>& rows);  // STDIN OUT FILE DEL
void AddSocketRequirements(std::vector<Requirement>& rows);           // SOCK
void AddTtrpcRequirements(std::vector<Requirement>& rows);            // TT
void AddTaskRequirements(std::vector<Requirement>& rows);             // TASK CREATE START-3x
void AddObservationRequirements(std::vector<Requirement>& rows);      // STATE CONN PIDS STATS WAIT
void AddControlRequirements(std::vector<Requirement>& rows);  // KILL EXEC DELETE PAUSE UPDATE ...
void AddEventRequirements(std::vector<Requirement>& rows);    // EVT
void AddStdioRequirements(std::vector<Requirement>& rows);    // IO
void AddProcessRequirements(std::vector<Requirement>& rows);  // REAP EXIT SIG RES ENG REC LEAK
void AddHookRequirements(std::vector<Requirement>& rows);     // HOOK
void AddSandboxRequirements(std::vector<Requirement>& rows);  // SBX, streaming stdio
void AddVersionRequirements(std::vector<Requirement>& rows);  // VERS V24 UND
void AddVmRequirements(std::vector<Requirement>& rows);       // VM
void AddWasmRequirements(std::vector<Requirement>& rows);     // WASM

}  // namespace conformance
