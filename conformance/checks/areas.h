// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "conformance/harness/check.h"

namespace conformance {

// One function per area: each appends the checks whose ids begin with its area's name. Defined in
// the file of that name (socket reuse: "socket-reuse", and so on).
void AddBootstrapChecks(std::vector<Check>& checks);
void AddSocketReuseChecks(std::vector<Check>& checks);
void AddLifecycleChecks(std::vector<Check>& checks);
void AddSignalsReapChecks(std::vector<Check>& checks);
void AddEventsChecks(std::vector<Check>& checks);
void AddStdioChecks(std::vector<Check>& checks);
void AddExecChecks(std::vector<Check>& checks);
void AddDeleteRecoveryChecks(std::vector<Check>& checks);
void AddBootstrapResultChecks(std::vector<Check>& checks);        // the rest of area "bootstrap"
void AddDeleteRecoveryRestartChecks(std::vector<Check>& checks);  // the rest of "delete-recovery"
void AddCheckpointChecks(std::vector<Check>& checks);
void AddDaemonsChecks(std::vector<Check>& checks);
void AddTtrpcWireChecks(std::vector<Check>& checks);
void AddHooksChecks(std::vector<Check>& checks);
void AddIsolationChecks(std::vector<Check>& checks);
void AddResourcesChecks(std::vector<Check>& checks);
void AddSandboxChecks(std::vector<Check>& checks);
void AddWasmChecks(std::vector<Check>& checks);

}  // namespace conformance
