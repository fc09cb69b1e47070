// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/child_reaper.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/run_info.h"
#include "conformance/harness/worker_process.h"
#include "conformance/reports/report.h"

namespace conformance {

// How a run is to be done.
struct RunnerConfig {
  RunInfo info;
  WorkerCommand worker;
  WorldSpec world;      // template of every world; cgroup parent, seed and scale are set per world
  std::string run_dir;  // cgroup parent of the run: "/shimgauge-1f3a"; empty: no cgroups
  std::optional<std::uint64_t> shuffle;
  std::size_t fail_fast = 0;    // stop after so many unexpected verdicts; 0: never
  std::set<std::string> first;  // ids of checks that are run before all others
  // How often a check is run again when its verdict is unexpected, until one differs.
  int retry_unexpected = 0;
  // Rounds without a fixed number, each check once a round (info.repeat is 1 then). The last round
  // is finished, except that nothing is started any more once until_fail has its red verdict.
  bool until_fail = false;       // until the first unexpected verdict
  std::chrono::seconds soak{0};  // until so much time has passed; 0: no
  bool strict = false;           // skips for want of something on this host are red
  std::vector<std::string> stale_expectations;
};

// How a run ended.
struct RunOutcome {
  absl::Status unfit;  // not OK: nothing could be judged on this host (exit code 3)
  Summary summary;
  std::vector<CheckResult> results;  // in plan order
  std::chrono::microseconds took{0};
};

// Runs a plan: the probe, then the executions, `info.jobs` at a time, each in a worker. Tells the
// reports everything as it happens, and RunEnded at last (also after Interrupt(), not when unfit).
//
// When the probe finds the shim unusable, only the checks of the area `bootstrap` are run, with a
// tenth of the deadlines and eight times the workers (they do nothing but wait); all others fail
// with start.failed.
class Runner {
 public:
  using Done = std::function<void(const RunOutcome&)>;
  // Borrows the reports; `done` is called once, on the loop.
  Runner(boost::asio::io_context& loop, base::ChildReaper& reaper, RunnerConfig config,
         std::vector<Report*> reports, Done done);
  ~Runner();  // kills what is running
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  void Start();
  // Starts nothing more, kills all worlds; `done` follows once they are gone.
  void Interrupt();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace conformance
