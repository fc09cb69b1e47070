// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include "container/cgroup.h"
#include "oci/spec.h"

namespace container {

// Sets the limits of a cgroup that `resources` mentions (memory, CPU, pids, and with v2 `unified`);
// the others stay as they are. FAILED_PRECONDITION for a limit whose controller the cgroup does
// not have; with v2 INVALID_ARGUMENT for less memory and swap together than memory alone.
absl::Status ApplyResources(const Cgroup& cgroup, const oci::Resources& resources);

// Lets processes join a fresh v1 cpuset cgroup, which needs CPUs and memory nodes first: those of
// the one above, on every level that has none. Nothing to do for others.
absl::Status PrepareCpuset(const Cgroup& cgroup);

}  // namespace container
