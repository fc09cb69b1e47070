// SPDX-License-Identifier: Apache-2.0
#include "conformance/requirements/sections.h"

namespace conformance {

void AddObservationRequirements(std::vector<Requirement>& rows) {
  const std::vector<Requirement> section = {
      {"STATE-01", Level::kMust,
       "State's id is the process' own: the container's, or for an exec the exec id.",
       "reference shim, service State"},
      {"STATE-02", Level::kMust, "State repeats bundle, stdio and terminal as they were requested.",
       "containerd client attach"},
      {"STATE-03", Level::kMust, "State answers within two seconds, whatever else is going on.",
       "containerd services/tasks getProcessState"},
      {"STATE-04", Level::kMust,
       "After an exit the status becomes STOPPED without any further call.",
       "containerd services/tasks"},
      {"STATE-05", Level::kShould, "While pausing, State says so without blocking.",
       "reference shim, process/init.go"},
      {"STATE-06", Level::kMust, "An init killed between Create and Start is STOPPED.",
       "containerd integration test TestIssue9103"},
      {"CONN-01", Level::kMust,
       "Connect always answers with the daemon's pid, also for an unknown id.",
       "containerd core/runtime/v2/shim_load.go"},
      {"CONN-02", Level::kMust, "task_pid is the init's pid from Create until Delete.",
       "reference shim"},
      {"PIDS-01",
       Level::kMust,
       "Pids of a live container lists at least its init; anything else makes containerd delete it "
       "on restart.",
       "containerd core/runtime/v2/shim_load.go",
       {.since = "1.7"}},
      {"PIDS-02", Level::kMust, "Pids of a stopped container is empty, not an error.",
       "containerd core/runtime/v2/shim_load.go"},
      {"PIDS-03", Level::kShould, "The pid of an exec carries ProcessDetails with its exec id.",
       "containerd integration test TestContainerPids"},
      {"PIDS-04", Level::kMust, "Pids lists all processes of the container and none of others.",
       "reference shim"},
      {"STATS-01", Level::kShould, "Stats returns cgroup metrics of version 1 or 2.",
       "containerd core/metrics/cgroups"},
      {"STATS-02", Level::kMust,
       "Stats works from Create until Delete as long as the cgroup exists.",
       "containerd CRI, OOM counter"},
      {"STATS-03", Level::kMust, "Stats of a deleted task is an error.",
       "containerd integration test TestDeletedContainerMetrics"},
      {"STATS-04", Level::kShould, "Stats takes well under two seconds.",
       "containerd core/metrics"},
      {"WAIT-01", Level::kMust,
       "Wait blocks until the process exits and needs no other call to return.",
       "containerd client"},
      {"WAIT-02", Level::kMust,
       "Wait on a stopped process returns at once, always with the same values.",
       "containerd integration test TestWaitStoppedTask"},
      {"WAIT-03", Level::kMust, "Wait may be sent before Start.", "containerd client"},
      {"WAIT-04", Level::kMust, "All waiters, on all connections, get the same answer.",
       "containerd, several clients"},
      {"WAIT-05", Level::kMust, "Wait does not wait for output or Delete.", "containerd client"},
      {"WAIT-06", Level::kMust, "Wait after Delete is answered with code 5.", "reference shim"},
      {"WAIT-07", Level::kShould,
       "A waiter of a task that is deleted without having run is released.", "containerd client"},
      {"WAIT-08", Level::kShould, "When the daemon is terminated, pending waits end.",
       "reference shim"},
  };
  rows.insert(rows.end(), section.begin(), section.end());
}

}  // namespace conformance
