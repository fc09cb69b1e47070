// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "container/cgroup.h"
#include "oci/spec.h"

namespace container {

// How linux.cgroupsPath is to be read: as a path, or as systemd's "slice:prefix:name".
enum class CgroupsPath { kPlain, kSystemd };

// The cgroup of a new container, made as far as we may, with its limits and its controllers handed
// down: what the kernel denies to an unprivileged user is left out, down to an empty Cgroup. `id`
// names it where linux.cgroupsPath does not. Of version 1 only the hierarchies in which processes
// are counted, limited and frozen are used, since each further one costs every container time. A
// cgroup that is there already is used as it is. A failure leaves none behind.
absl::StatusOr<Cgroup> MakeContainerCgroup(const CgroupMounts& mounts, const oci::Spec& spec,
                                           const std::string& id,
                                           CgroupsPath reading = CgroupsPath::kPlain);

}  // namespace container
