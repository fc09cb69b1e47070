// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "conformance/harness/check.h"
#include "conformance/harness/profile.h"

namespace conformance {

// The tag of checks that hold a shim's words against the process of the pid it tells: kill it,
// watch it end, look for its cgroup, namespaces or children.
inline constexpr char kHostPidsTag[] = "host-pids";

// Whether a check relies on that, and the pids of this shim are another's: of a hypervisor, whose
// guests have pids of their own. Such a check is skipped.
inline bool LooksForProcessesInAVm(const Check& check, const Profile& profile) {
  return !profile.hypervisor.empty() &&
         std::find(check.tags.begin(), check.tags.end(), kHostPidsTag) != check.tags.end();
}

}  // namespace conformance
