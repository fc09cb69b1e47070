// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "conformance/harness/check.h"
#include "conformance/harness/profile.h"

namespace conformance {

// The tag of checks that hold a shim's words against the process of the pid it tells: kill it,
// watch it end, look for its cgroup, namespaces or children. The pids of a shim with a hypervisor
// are another's: its guests have pids of their own.
inline constexpr char kHostPidsTag[] = "host-pids";

// The tag of checks that want what a child writes after the end of a process. The agents of VMs end
// the outputs of a process half a second after it.
inline constexpr char kLateOutputTag[] = "late-output";

// Why a check does not apply to a shim with a hypervisor, for its skip; nullptr: it does, or the
// shim has none.
inline const char* WhyNotInAVm(const Check& check, const Profile& profile) {
  const auto has = [&check](const char* tag) {
    return std::find(check.tags.begin(), check.tags.end(), tag) != check.tags.end();
  };
  if (profile.hypervisor.empty()) return nullptr;
  if (has(kHostPidsTag)) return "processes in a VM have no pids of their own here";
  if (has(kLateOutputTag)) return "agents of VMs end the outputs of a process soon after it";
  return nullptr;
}

}  // namespace conformance
