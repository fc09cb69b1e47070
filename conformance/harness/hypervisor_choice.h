// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "conformance/harness/profile.h"

namespace conformance {

// The program that the profile's [engine] hypervisor names, absolute and without symlinks: a path,
// or a name beside the judge, where the build puts shimgauge-hypervisor, or in PATH. "" when the
// shim drives none. FAILED_PRECONDITION says where it was looked for.
absl::StatusOr<std::string> FindHypervisor(const Profile& profile);

}  // namespace conformance
