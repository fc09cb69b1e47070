// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include "container/cgroup.h"
#include "reference-shim/shim/backend.h"

namespace backends {

// The counters of a cgroup as io.containerd.cgroups.v1.Metrics or v2.Metrics, whichever the host's
// version is (STATS-01). NOT_FOUND if the cgroup is gone (STATS-02).
absl::StatusOr<shim::Opaque> SampleMetrics(const container::Cgroup& cgroup);

}  // namespace backends
