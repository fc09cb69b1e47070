// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "base/spawn.h"
#include "base/unique_fd.h"

namespace conformance {

// Cgroups are all that a run leaves on the machine when it is killed: worlds go with their
// processes. A janitor is a process of its own that waits for the end of the run, however it comes,
// and removes them.
class Janitor {
 public:
  // For the cgroups of `run_dir` (RunnerConfig::run_dir); empty: nothing to do.
  static absl::StatusOr<Janitor> Start(const std::string& run_dir);
  ~Janitor();  // lets it do its work and waits for it
  Janitor(Janitor&&) = default;
  Janitor& operator=(Janitor&&) = delete;

 private:
  Janitor() = default;
  base::UniqueFd alive_;  // the janitor sees the run end when this is closed
  base::Child child_;
};

// `shimgauge janitor RUN_DIR`: the process itself. Returns its exit code.
int JanitorMain(const std::string& run_dir);

}  // namespace conformance
