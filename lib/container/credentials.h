// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>

#include "oci/spec.h"

// What the process becomes, and what it may do.
namespace container {

// Resource limits and oom_score_adj; while still privileged. A score that the kernel does not let
// us lower stays as it is.
absl::Status ApplyLimits(const oci::Process& process);

// Bounding capabilities, groups, user, umask (022 unless the spec has one), the other
// capabilities, and no_new_privs, in this order. Where setgroups is denied (a user namespace) the
// additional groups are left out. 0, 1 and 2 are given to the user, as far as they can be. The
// process has no way back.
absl::Status BecomeUser(const oci::Process& process);

// What an entry of /etc/passwd says about the home of `uid`; "/" without one.
std::string HomeOf(std::uint32_t uid);

}  // namespace container
