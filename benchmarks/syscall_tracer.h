// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace benchmarks {

// What traced processes did so far.
struct TraceCounts {
  double syscalls = 0;  // without those that only wait or wake: their number depends on timing
  double forks = 0;     // processes made, not threads
  double execs = 0;     // programs executed
};

// Counts what a program and its descendants do, by ptrace(2), in a process of its own. It stops
// looking at a descendant once that executes the program `leave_at` (the engine): what engines do
// is not the shim's doing. Traced processes run several times slower, so nothing is timed
// meanwhile. The destructor lets go of all of them; they run on.
class SyscallTracer {
 public:
  struct Program {
    std::string path;  // absolute
    std::vector<std::string> argv;
    std::vector<std::string> env;
    std::string cwd;
    int input = -1;   // becomes 0; borrowed
    int output = -1;  // becomes 1 and 2; borrowed
  };

  // Starts `program` with counting from its first instruction on. Its descendants are adopted by
  // this process, which has to be the first of its pid namespace or a subreaper.
  static absl::StatusOr<std::unique_ptr<SyscallTracer>> Start(const Program& program,
                                                              const std::string& leave_at);
  ~SyscallTracer();
  SyscallTracer(const SyscallTracer&) = delete;
  SyscallTracer& operator=(const SyscallTracer&) = delete;

  // Each count is up to date for all that happened before what was last heard of the processes.
  [[nodiscard]] TraceCounts counts() const;

 private:
  struct Shared;
  SyscallTracer(pid_t pid, Shared* shared) : pid_(pid), shared_(shared) {}

  pid_t pid_;
  Shared* shared_;  // memory in common with the tracing process; unmapped by the destructor
};

}  // namespace benchmarks
