// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

namespace conformance {

// Where the stand-in hypervisor of a world finds its faults, and below it in "agent" those of its
// guest's agent. The environment of every shim command says so, which shims hand on.
inline constexpr char kVmFaultsVariable[] = "SHIMGAUGE_HYPERVISOR_FAULTS";
inline constexpr char kVmFaults[] = "/run/shimgauge/vm-faults";

// Makes both, unless they are there: the stand-in does not start without.
absl::Status MakeVmFaultDirectories();

}  // namespace conformance
