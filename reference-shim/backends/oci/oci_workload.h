// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "container/cgroup.h"
#include "reference-shim/backends/oci/adopted_process.h"
#include "reference-shim/backends/oci/engine.h"
#include "reference-shim/backends/oci/engine_options.h"
#include "reference-shim/backends/oci/engine_runs.h"
#include "reference-shim/backends/oci/launch.h"
#include "reference-shim/backends/oci/oci_host.h"
#include "reference-shim/backends/oom_watch.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/deadline.h"

namespace backends {

// A container that an OCI engine made. What the engine alone can do goes through its command line;
// signals, pids and statistics go to the kernel directly, which saves a process for each.
class OciWorkload : public shim::Workload {
 public:
  // `host` is borrowed. Nothing exists yet.
  OciWorkload(OciHost& host, const EngineOptions& options, shim::CreateSpec spec);
  ~OciWorkload() override;

  // Makes the container with its init waiting; with a checkpoint to restore, only remembers it.
  // Call once, before everything else. After a failure the engine may know the container still.
  void Create(shim::Done<> done);
  // `engine delete --force`, which is fine for a container the engine does not know (DELETE-09).
  void Remove(shim::Done<> done);

  [[nodiscard]] pid_t pid() const override { return init_.pid(); }
  void Start(shim::Done<pid_t> done) override;
  void Signal(int signo, shim::SignalScope scope, shim::Done<> done) override;
  absl::StatusOr<std::unique_ptr<shim::ExecWorkload>> Exec(shim::ExecSpec spec) override;
  void Pause(shim::Done<> done) override;
  void Resume(shim::Done<> done) override;
  void Update(std::string resources_json, shim::Done<> done) override;
  void Checkpoint(shim::CheckpointSpec spec, shim::Done<> done) override;
  void Sample(shim::Done<shim::Opaque> done) override;
  void Pids(shim::Done<std::vector<pid_t>> done) override;
  void Delete(shim::Done<> done) override;

 private:
  void RunLaunch(EngineCommand command, shim::Done<> done);
  absl::Status Adopt();
  void WatchCgroup();
  void OnInitExit(const base::ExitStatus& status);
  // A command that only names the container.
  void RunVerb(const std::string& verb, shim::Done<> done);
  void SignalByEngine(int signo, shim::SignalScope scope, shim::Done<> done);
  [[nodiscard]] absl::Status SignalDirectly(int signo, shim::SignalScope scope) const;

  OciHost& host_;
  std::string id_;
  std::string bundle_;
  std::string pid_file_;
  std::string checkpoint_;  // image to restore from; empty once restored
  EngineOptions options_;
  Engine engine_;
  shim::ProcessIo io_;
  shim::ExitCallback on_exit_;
  std::function<void()> on_oom_;
  std::unique_ptr<Launch> launch_;
  AdoptedProcess init_;
  std::optional<container::Cgroup> cgroup_;  // nullopt: unknown, or not the container's own
  std::unique_ptr<OomWatch> oom_;
  EngineRuns runs_;
  base::ChildReaper::Watch killed_;  // Delete waits for the exit it caused
  shim::Deadline kill_deadline_;
};

}  // namespace backends
