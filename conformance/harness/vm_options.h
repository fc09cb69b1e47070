// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "conformance/harness/profile.h"

namespace conformance {

inline constexpr char kVmOptionsType[] = "runtimeoptions.v1.Options";

// What Create of a shim that drives a hypervisor gets as options, serialized: the path of its
// configuration, which is <directory>/vm.toml and written now unless it is there. In it
// ${hypervisor} stands for the program's path, which `profile` has resolved (hypervisor_choice.h).
// INTERNAL names the file that cannot be written.
absl::StatusOr<std::string> VmOptionsFor(const Profile& profile, const std::string& directory);

}  // namespace conformance
