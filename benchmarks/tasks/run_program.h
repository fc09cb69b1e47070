// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <vector>

#include "benchmarks/tasks/place.h"

namespace benchmarks::tasks {

// A program run to its end: what it wrote to both outputs, and how long it took from its execution.
// INTERNAL with its words if it does not end with 0.
struct ProgramRun {
  std::string output;
  Clock::duration took{};
};
struct ProgramOrder {
  std::string path;
  std::vector<std::string> argv;           // argv[0] included
  std::map<std::string, std::string> env;  // beyond ours
  std::string cwd;
};
absl::StatusOr<ProgramRun> RunProgram(const ProgramOrder& order);

}  // namespace benchmarks::tasks
