// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/shim_faults.h"

namespace fakes {

const std::vector<KnownFault>& ShimFaults() {
  static const std::vector<KnownFault> faults = [] {
    std::vector<KnownFault> all;
    for (const auto add :
         {AddProcessesFaults, AddStdioFaults, AddCommandsFaults, AddTasksFaults, AddEventsFaults,
          AddConnectionsFaults, AddIsolationFaults, AddSeldomFaults, AddVmShimFaults}) {
      add(all);
    }
    return all;
  }();
  return faults;
}

}  // namespace fakes
