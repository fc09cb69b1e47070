// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/vm.h"

namespace conformance {

void AddVmChecks(std::vector<Check>& checks) {
  AddVmBootChecks(checks);
  AddVmDeathChecks(checks);
  AddVmGuestChecks(checks);
  AddVmMachineChecks(checks);
  AddVmNetworkChecks(checks);
  AddVmEndChecks(checks);
}

}  // namespace conformance
