// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <sys/types.h>

#include <string>

namespace shim {

// Makes `pid` a member of the existing cgroup `path` (runc option shim_cgroup, START-13): with v1
// in every hierarchy that has such a cgroup, NOT_FOUND if none has.
absl::Status JoinCgroup(const std::string& path, pid_t pid);

}  // namespace shim
