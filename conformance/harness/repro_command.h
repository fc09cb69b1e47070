// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

namespace conformance {

// What `shimgauge repro DIR/CHECK` may change about the execution it repeats.
struct ReproOptions {
  std::string path;               // DIR/area/check or DIR/area/check.NUMBER
  std::string shim;               // another build; empty: the recorded one
  std::vector<std::string> more;  // further arguments of `run`
};

// The arguments of the `run` that repeats the recorded execution: the same shim, profile, seed and
// limits, one check. INVALID_ARGUMENT when there is no such recording, with what there is.
absl::StatusOr<std::vector<std::string>> ReproArguments(const ReproOptions& options);

}  // namespace conformance
