// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "container/cgroup.h"

// Lets the processes of a cgroup stand still; Thaw() in cgroup.h lets them go on.
namespace container {

// Whether it has a freezer that we may use.
bool HasFreezer(const Cgroup& cgroup);

// Frozen, or about to be.
bool IsFreezing(const Cgroup& cgroup);

// Tells the kernel to; NOT_FOUND without a freezer. It takes its time, see HasFrozen.
absl::Status Freeze(const Cgroup& cgroup);

// Whether the last process stands still. v1 tells nobody when that is, and it is the asking that
// makes it look again.
absl::StatusOr<bool> HasFrozen(const Cgroup& cgroup);

}  // namespace container
