// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include "reference-shim/shim/backend.h"

namespace grpc {
class StatsContainerResponse;
}

namespace backends {

// What an agent tells of a container's cgroup as io.containerd.cgroups.v1.Metrics, the form of
// hosts with cgroups of version 1, to which the agent's own message corresponds field by field.
absl::StatusOr<shim::Opaque> ToMetrics(const grpc::StatsContainerResponse& stats);

}  // namespace backends
