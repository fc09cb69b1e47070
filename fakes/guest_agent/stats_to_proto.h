// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <sys/types.h>

#include "agent/agent.pb.h"
#include "container/cgroup.h"

namespace fakes {

// What the kernel counted for a cgroup, and for the network that process `init` sees. NOT_FOUND
// without a cgroup.
absl::StatusOr<grpc::StatsContainerResponse> StatsToProto(const container::Cgroup& cgroup,
                                                          pid_t init);

}  // namespace fakes
