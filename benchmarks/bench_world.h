// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>

#include "benchmarks/interrupts.h"

namespace benchmarks {

// Where everything of a measurement lies, within the world: a directory on its own tmpfs.
inline constexpr char kWorldDirectory[] = "/run/shimgauge-bench";

// Parent of the containers' cgroups in every hierarchy, one per process that measures.
std::string WorldCgroup();

// Runs `body` in a copy of this process that is the first of a pid namespace of its own, with
// mounts of its own and an empty /run, and returns what it returned. Whatever is still alive or
// mounted when `body` returns, or when this process dies, goes with the world; cgroups are removed
// by this process. An interrupt reaches the copy, which is expected to return early; a second one
// kills it (CANCELLED). PERMISSION_DENIED without root; INTERNAL when the copy dies.
absl::StatusOr<std::string> RunInWorld(Interrupts& interrupts,
                                       absl::FunctionRef<absl::StatusOr<std::string>()> body);

}  // namespace benchmarks
