// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/all_checks.h"

#include "conformance/checks/areas.h"

namespace conformance {

std::vector<Check> AllChecks() {
  std::vector<Check> checks;
  AddBootstrapChecks(checks);
  AddSocketReuseChecks(checks);
  AddLifecycleChecks(checks);
  AddSignalsReapChecks(checks);
  AddExecChecks(checks);
  AddEventsChecks(checks);
  AddStdioChecks(checks);
  AddDeleteRecoveryChecks(checks);
  return checks;
}

}  // namespace conformance
