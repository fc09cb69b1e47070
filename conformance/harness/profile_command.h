// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "conformance/harness/profile_files.h"

namespace conformance {

// The options of `shimgauge profile` as given.
struct ProfileCommandOptions {
  std::string name;  // of a ready-made profile, or a file; empty: list the names
  ProfilePaths paths;
  std::string directory = ".";
  bool force = false;
};

// Writes <directory>/<name>.toml, and <directory>/configuration-<name>.toml if its shim drives a
// hypervisor: both complete, or neither. Returns what is to be told on standard output.
// INVALID_ARGUMENT names the option that cannot be used or the file that is there without `force`.
absl::StatusOr<std::string> WriteProfile(ProfileCommandOptions options);

}  // namespace conformance
