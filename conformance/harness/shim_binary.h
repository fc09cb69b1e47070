// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

namespace conformance {

// The program to be judged.
struct ShimBinary {
  std::string path;    // absolute; the last component as given, since some shims look at their name
  std::string sha256;  // of the file, lower-case hex
  // What must stay visible in worlds for it to run, see WorldSpec::keep.
  std::vector<std::string> keep;
};

// Finds what `--shim` names: a path (with a slash) or a name in PATH. INVALID_ARGUMENT with one
// sentence that says what was looked for, where, and what is wrong with what was found.
absl::StatusOr<ShimBinary> FindShim(const std::string& argument);

// The directories of PATH and the engine's that worlds would hide.
std::vector<std::string> KeepSearchPath(const std::string& engine);

}  // namespace conformance
