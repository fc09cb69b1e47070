// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/all_checks.h"

#include "conformance/checks/areas.h"
#include "conformance/checks/vm.h"

namespace conformance {

std::vector<Check> AllChecks() {
  std::vector<Check> checks;
  AddBootstrapChecks(checks);
  AddBootstrapResultChecks(checks);
  AddDaemonsChecks(checks);
  AddSocketReuseChecks(checks);
  AddLifecycleChecks(checks);
  AddSignalsReapChecks(checks);
  AddExecChecks(checks);
  AddEventsChecks(checks);
  AddStdioChecks(checks);
  AddDeleteRecoveryChecks(checks);
  AddDeleteRecoveryRestartChecks(checks);
  AddCheckpointChecks(checks);
  AddTtrpcWireChecks(checks);
  AddHooksChecks(checks);
  AddIsolationChecks(checks);
  AddResourcesChecks(checks);
  AddVmChecks(checks);
  AddWasmChecks(checks);
  AddSandboxChecks(checks);
  return checks;
}

}  // namespace conformance
