// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/child_reaper.h"
#include "base/exit_status.h"
#include "base/spawn.h"
#include "conformance/harness/worker_protocol.h"

namespace conformance {

// Everything the runner learns from one worker, once nothing of its world is left but cgroups,
// which it has removed as well.
struct WorkerEnd {
  std::optional<WorkerMessage> report;  // kOutcome, kProbe or kFailed; nullopt: it said none
  bool over_budget = false;             // killed because it took too long
  bool killed = false;                  // killed by Kill()
  std::string protocol_error;           // it said something that is no message
  std::string waiting_for;              // what the shim owed when it ended
  struct Activity {
    std::int64_t offset_us = 0;
    std::string text;
  };
  std::vector<Activity> activity;  // the latest kWaiting messages
  base::ExitStatus exit;
  std::string error_text;             // tail of the worker's own stderr
  std::vector<std::string> remained;  // cgroups that could not be removed
  std::chrono::microseconds took{0};
};

// How to start a worker: the program and its arguments (argv[0] included).
struct WorkerCommand {
  std::string path = "/proc/self/exe";
  std::vector<std::string> argv = {"shimgauge", "worker"};
};

// One running worker. It is killed when this object goes, when it exceeds its budget and when its
// runner dies, and with it all processes of its world.
class WorkerProcess {
 public:
  using EndCallback = std::function<void(WorkerEnd)>;

  // Spawns a worker for `job`. `on_end` is called once, on the loop, unless this object goes first;
  // it may destroy this object.
  static absl::StatusOr<std::unique_ptr<WorkerProcess>> Start(
      boost::asio::io_context& loop, base::ChildReaper& reaper, const WorkerCommand& command,
      const WorkerJob& job, std::chrono::milliseconds budget, EndCallback on_end);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // Ends the world; `on_end` follows with `killed` set.
  void Kill();

 private:
  class Impl;
  explicit WorkerProcess(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // the other owner: handlers in flight on the loop
};

}  // namespace conformance
