// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "container/cgroup.h"

namespace container {

// Of a v1 cgroup: all that are mounted, or those for freezing, memory, CPU time and pids. The
// others take set-up before a process can join (cpuset) or cost time for nothing.
enum class CgroupControllers { kAll, kEssential };

// The cgroup in which the container `id` of a bundle belongs, whether it exists or not: what
// linux.cgroupsPath says, else `id` below the cgroup of this process, as OCI engines have it. Not
// for the systemd driver, which reads cgroupsPath differently. `root` is for tests.
absl::StatusOr<Cgroup> BundleCgroup(const std::string& bundle, const std::string& id,
                                    CgroupControllers controllers = CgroupControllers::kEssential,
                                    const std::string& root = "");

}  // namespace container
