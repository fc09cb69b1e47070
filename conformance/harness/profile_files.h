// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "conformance/harness/ready_made.h"

namespace conformance {

// What a profile is to name instead of what it names; absolute, empty: as it is.
struct ProfilePaths {
  std::string shim;
  std::string hypervisor;
  std::string kernel;
  std::string image;
};

// What somebody who has the shim installed needs.
struct ProfileFiles {
  std::string profile;        // for `shimgauge run --profile`
  std::string configuration;  // for the shim, complete; empty: it drives no hypervisor
};

// The texts of `ready` with `paths` in them. In the configuration ${hypervisor} is replaced, by
// what the profile names if `paths` has none; errors as of FindHypervisor. INVALID_ARGUMENT names
// the option whose path no TOML text can hold, or which this profile has no use for.
absl::StatusOr<ProfileFiles> MakeProfileFiles(const NamedText& ready, const ProfilePaths& paths);

}  // namespace conformance
