// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "conformance/harness/check.h"
#include "conformance/harness/profile.h"

namespace conformance {

// The tag of checks of shims that run containers in a virtual machine: [engine] of kind "vm".
inline constexpr char kHypervisorTag[] = "hypervisor";
// And of those whose hypervisor has to fail where the check says so: that is the stand-in's.
inline constexpr char kHypervisorFaultsTag[] = "hypervisor-faults";

// File name of the stand-in.
inline constexpr char kFakeHypervisorName[] = "shimgauge-hypervisor";
bool HasFakeHypervisor(const Profile& profile);

// Why a check is skipped that needs a hypervisor, or one that fails; empty: it is not.
std::string WhyNoHypervisor(const Check& check, const Profile& profile);

}  // namespace conformance
