// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/child_reaper.h"
#include "base/spawn.h"
#include "base/unique_fd.h"
#include "reference-shim/backends/oci/engine_command.h"
#include "reference-shim/backends/oci/oci_host.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/deadline.h"

namespace backends {

// Descriptors of an engine command.
struct EngineIo {
  // The container's own 0, 1, 2, which create and exec pass on; borrowed. Null, or with a terminal:
  // the engine's output is collected.
  const shim::ProcessIo* process = nullptr;
  int input = -1;  // 0 of a command without `process`; -1: /dev/null
};

// One engine command under way. Destroying it kills the command and what it started in its process
// group, and drops the continuation.
class EngineRun {
 public:
  ~EngineRun();
  EngineRun(const EngineRun&) = delete;
  EngineRun& operator=(const EngineRun&) = delete;

 private:
  friend class Engine;
  EngineRun(const OciHost& host, const EngineSettings& settings, const EngineCommand& command);
  absl::Status Start(base::SpawnSpec spec, std::chrono::milliseconds timeout);
  void OnExit(const base::ExitStatus& status);
  [[nodiscard]] std::string Reason(const base::ExitStatus& status, absl::string_view output) const;
  [[nodiscard]] std::string Output() const;
  [[nodiscard]] absl::Status Failure(absl::StatusCode code, absl::string_view reason) const;

  const OciHost& host_;
  std::string log_file_;
  std::string verb_;
  shim::Done<std::string> done_;
  std::size_t log_offset_ = 0;  // what other commands have logged before
  base::UniqueFd output_;
  base::Child child_;
  base::ChildReaper::Watch exit_;
  shim::Deadline deadline_;
  bool timed_out_ = false;
};

// An OCI engine such as runc or crun, driven by its command line. Commands run in the bundle, in a
// process group of their own, and die with the shim (ENG-02).
class Engine {
 public:
  // `host` is borrowed.
  Engine(const OciHost& host, EngineSettings settings)
      : host_(host), settings_(std::move(settings)) {}

  [[nodiscard]] const EngineSettings& settings() const { return settings_; }

  // Starts a command. `done` comes later from the loop, with what it wrote to stdout and stderr (as
  // far as collected), or with an error that carries the engine's own words (TT-22): the last error
  // in its log, else what it printed, else how it ended. Codes: UNKNOWN, or DEADLINE_EXCEEDED after
  // it was killed for taking longer than `timeout`.
  // Fails at once, leaving `done` as it is: with NOT_FOUND, the name quoted, if there is no such
  // engine (CREATE-19).
  absl::StatusOr<std::unique_ptr<EngineRun>> Run(const EngineCommand& command, const EngineIo& io,
                                                 std::chrono::milliseconds timeout,
                                                 shim::Done<std::string>&& done) const;

 private:
  const OciHost& host_;
  EngineSettings settings_;
};

// Of the environment of this process what an engine may see: all but NOTIFY_SOCKET, which would
// make it report to the service manager that containerd is ready.
std::vector<std::string> EngineEnvironment();

}  // namespace backends
