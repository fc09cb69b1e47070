// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/exit_status.h"

namespace conformance {

// A process to be run to its end.
struct Job {
  std::vector<std::string> argv;  // argv[0] is an absolute path
  std::string out;                // files that take what it prints; empty: nothing is kept
  std::string err;
  std::string cwd;  // empty: that of this process
  // After which it is told to end (SIGTERM), and killed a while later.
  std::chrono::milliseconds limit = std::chrono::minutes(30);
};

struct JobEnd {
  base::ExitStatus exit;
  bool over_limit = false;
  std::chrono::milliseconds took{0};
};

// What is to be done: `prepare` makes job number `i` right before it is started (nullopt: nothing
// to be done for this one), `done` gets its end. Jobs are started in order, but for those whose
// lane is busy. The functions are called on the calling thread. An error of either ends everything.
struct JobList {
  std::size_t count = 0;
  std::function<absl::StatusOr<std::optional<Job>>(std::size_t i)> prepare;
  std::function<absl::Status(std::size_t i, const JobEnd& end)> done;
  // Jobs of one lane run one after the other. Unset: no job waits for another one.
  std::function<int(std::size_t i)> lane = {};
};

// Runs all of them, at most `at_a_time` together, and adopts, kills and counts what they leave
// behind in `orphans` (names of programs), if given. SIGINT, SIGTERM and SIGHUP end the running
// ones with SIGTERM, a second one with SIGKILL: CANCELLED, once all have ended. INTERNAL when a job
// cannot be started. Not while another reaper exists.
absl::Status RunJobs(const JobList& list, int at_a_time,
                     std::vector<std::string>* orphans = nullptr);

}  // namespace conformance
