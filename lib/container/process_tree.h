// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace container {

// Of /proc/PID/stat.
struct ProcessInfo {
  pid_t pid = -1;
  pid_t parent = -1;
  pid_t session = -1;
  char state = '?';               // 'Z' zombie, 'T' stopped
  std::uint64_t start_ticks = 0;  // since boot: with the pid, what tells processes apart
  [[nodiscard]] bool alive() const { return state != 'Z' && state != 'X'; }
};

// NOT_FOUND if there is no such process.
absl::StatusOr<ProcessInfo> ReadProcessInfo(pid_t pid);

// A process that was put into a container.
struct ProcessRoot {
  pid_t pid = -1;
  std::uint64_t start_ticks = 0;
  friend bool operator==(const ProcessRoot&, const ProcessRoot&) = default;
};

// The living processes of a container that has no cgroup, ascending: those put into it, their
// descendants and sessions, and, if `init` still lives in a pid namespace that is not ours, all of
// that. `init` is the first of `roots`, the container's first process.
absl::StatusOr<std::vector<pid_t>> ListProcessTree(const std::vector<ProcessRoot>& roots);

// Sends `signo` once to each of them, also to those forked meanwhile. NOT_FOUND if there is none.
absl::Status SignalProcessTree(const std::vector<ProcessRoot>& roots, int signo);

}  // namespace container
