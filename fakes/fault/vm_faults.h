// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <vector>

#include "fakes/fault/fault_rule.h"

namespace fakes {

// What goes wrong with a VM below a shim, as rules of the seam kHypervisor: one row per defect of
// the catalogue (F1 to F29) that is the VMM's or its sockets'. F10, F16 to F21, F23 and F25 are the
// agent's; F14 is a signal to virtiofsd; F22 is `freeze` and `thaw` at the control socket; F24
// is files that are there before; F28 is what a client does.
struct VmFault {
  absl::string_view name;  // "vmm-never-listens"
  absl::string_view catalogue;
  absl::string_view what;
  std::vector<FaultRule> rules;
};

const std::vector<VmFault>& VmFaults();
// nullptr: no such.
const VmFault* FindVmFault(absl::string_view name);

}  // namespace fakes
