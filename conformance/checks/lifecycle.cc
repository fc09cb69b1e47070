// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/lifecycle.h"

#include "conformance/checks/areas.h"

namespace conformance {

void AddLifecycleChecks(std::vector<Check>& checks) {
  AddStateMatrix(checks);
  AddTaskChecks(checks);
  AddCreateChecks(checks);
  AddFailedCreateChecks(checks);
  AddStateChecks(checks);
  AddWaitChecks(checks);
  AddDeleteChecks(checks);
  AddControlChecks(checks);
  AddRaceChecks(checks);
  AddSeldomChecks(checks);
}

}  // namespace conformance
