// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "oci/spec.h"

namespace benchmarks::tasks {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

inline double Millis(Clock::duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}
inline double Micros(Clock::duration span) {
  return std::chrono::duration<double, std::micro>(span).count();
}

// Where a run works: everything lies below `directory`, on a /run of its own.
struct Place {
  std::string directory;  // absolute
  std::string fixtures;   // programs for containers
  std::string cgroup;     // parent of the containers' cgroups, in every hierarchy: "/NAME"

  // What every container has as root: the programs in /bin.
  [[nodiscard]] std::string rootfs() const { return directory + "/rootfs"; }
};

// Makes the place in a fresh mount namespace of this process. PERMISSION_DENIED without root.
absl::Status EnterPlace(const Place& place);

// The container of every side: own pid, ipc, uts and mount namespaces and a cgroup named after
// `id`, in the common root.
oci::Spec ContainerSpec(const Place& place, const std::string& id, std::vector<std::string> args);

// Removes the directory `cgroup` of every hierarchy, if it is empty: shims make the parents of
// their containers' cgroups and leave them.
void RemoveCgroupParent(const std::string& cgroup);

// Returns after `span`: what an idle process does by itself, it has done then.
void Rest(std::chrono::milliseconds span);

// On a terminal, what is going on.
void Progress(const std::string& what);

}  // namespace benchmarks::tasks
