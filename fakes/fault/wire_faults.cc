// SPDX-License-Identifier: Apache-2.0
#include <iterator>
#include <utility>

#include "fakes/fault/wire_fault_rows.h"

namespace fakes {

const std::vector<KnownFault>& WireFaults() {
  static const std::vector<KnownFault> faults = [] {
    std::vector<KnownFault> all;
    for (std::vector<KnownFault> part :
         {WireTaskFaults(), WireControlFaults(), WireExecFaults(), WireEventFaults(),
          WireFrameFaults(), WireCommandFaults(), WireStdioFaults(), WireStartFaults(),
          WireLifeFaults(), WireRecoveryFaults(), WireSandboxFaults(), WireVmFaults(),
          WireWasmFaults(), WireWasmHookFaults()}) {
      all.insert(all.end(), std::make_move_iterator(part.begin()),
                 std::make_move_iterator(part.end()));
    }
    return all;
  }();
  return faults;
}

}  // namespace fakes
