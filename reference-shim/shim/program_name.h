// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>

namespace shim {

// "containerd-shim-reference-v1" from argv[0].
std::string ProgramName(absl::string_view program);

// What containerd calls the runtime whose shim is `program` (FLAG-11):
// "io.containerd.reference.v1". A program that is not named like a shim is its own name.
std::string RuntimeName(absl::string_view program);

}  // namespace shim
