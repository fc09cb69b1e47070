// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "reference-shim/shim/backend.h"

namespace backends {

// What /proc tells of a process. Names are those of the files' own lines, in lower case.
struct ProcessFacts {
  using Items = std::vector<std::pair<std::string, std::uint64_t>>;

  std::uint64_t threads = 0;
  std::uint64_t fds = 0;
  Items stat;    // utime, stime, cutime, cstime: ticks
  Items status;  // vmrss and so on: bytes; voluntary_ctxt_switches: a number
  Items io;      // rchar and so on: bytes or calls

  // 0: there is none of that name.
  [[nodiscard]] static std::uint64_t Get(const Items& items, const char* name);
};

// NOT_FOUND: there is no such process. What may not be read (io, fds) is missing.
absl::StatusOr<ProcessFacts> ReadProcessFacts(pid_t pid);

// The processor time, memory and threads of a process as io.containerd.cgroups.v1.Metrics.
shim::Opaque ToMetrics(const ProcessFacts& facts);

}  // namespace backends
