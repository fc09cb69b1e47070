// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "base/unique_fd.h"

namespace benchmarks {

// What a process holds now.
struct Holdings {
  double pss_kib = 0;
  double uss_kib = 0;    // private, clean and dirty
  double dirty_kib = 0;  // private and dirty
  double fds = 0;
  double threads = 0;
};
absl::StatusOr<Holdings> ReadHoldings(pid_t pid);

// CPU time of all its threads so far, also of those that have ended, in milliseconds.
absl::StatusOr<double> CpuMilliseconds(pid_t pid);

// How often its present threads gave up the CPU by themselves so far.
absl::StatusOr<double> VoluntarySwitches(pid_t pid);

// What the message begins with where instructions cannot be counted: no shim's doing.
inline constexpr char kNoCounter[] = "this host has no instruction counter";

// A counter of the kernel over the threads a process has now and makes later, in user space.
class EventCounter {
 public:
  // Instructions. UNIMPLEMENTED when the CPU (or the hypervisor) has no such counter,
  // PERMISSION_DENIED when the kernel does not allow it; both begin with kNoCounter.
  static absl::StatusOr<EventCounter> Instructions(pid_t pid);
  // Any event of perf_event_open(2).
  static absl::StatusOr<EventCounter> Open(pid_t pid, std::uint32_t type, std::uint64_t config);

  // Since it was opened.
  [[nodiscard]] absl::StatusOr<double> Read() const;

 private:
  std::vector<base::UniqueFd> counters_;  // one per thread there was
};

}  // namespace benchmarks
