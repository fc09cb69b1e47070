// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "base/exit_status.h"
#include "benchmarks/interrupts.h"

namespace conformance {

struct ProgramEnd {
  base::ExitStatus exit;
  std::string output;  // what it printed to both standard outputs, its last MiB
};

// Runs `argv` (argv[0]: absolute, or searched in PATH) in `directory` to its end, in a process
// group of its own. `interrupts` may be nullptr; one that comes ends the whole group, and is
// CANCELLED. Other errors are those of starting it.
absl::StatusOr<ProgramEnd> RunProgram(const std::vector<std::string>& argv,
                                      const std::string& directory,
                                      benchmarks::Interrupts* interrupts);

}  // namespace conformance
