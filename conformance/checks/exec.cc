// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/exec.h"

#include "conformance/checks/areas.h"

namespace conformance {

void AddExecChecks(std::vector<Check>& checks) {
  AddExecRegistrationChecks(checks);
  AddExecProcessChecks(checks);
  AddExecStartChecks(checks);
  AddExecEndChecks(checks);
  AddExecFileChecks(checks);
}

}  // namespace conformance
