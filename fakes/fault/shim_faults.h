// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "fakes/fault/known_fault.h"

namespace fakes {

// The parts of ShimFaults(), a file each; rules as in fakes/faulty_shim/README.md.
void AddProcessesFaults(std::vector<KnownFault>& faults);
void AddStdioFaults(std::vector<KnownFault>& faults);
void AddCommandsFaults(std::vector<KnownFault>& faults);
void AddTasksFaults(std::vector<KnownFault>& faults);
void AddEventsFaults(std::vector<KnownFault>& faults);
void AddConnectionsFaults(std::vector<KnownFault>& faults);
void AddIsolationFaults(std::vector<KnownFault>& faults);
void AddSeldomFaults(std::vector<KnownFault>& faults);
void AddVmShimFaults(std::vector<KnownFault>& faults);

}  // namespace fakes
