// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "container/cgroup.h"
#include "container/cgroup_removal.h"
#include "oci/spec.h"
#include "reference-shim/backends/hook_run.h"
#include "reference-shim/backends/oom_watch.h"
#include "reference-shim/backends/wasm/module_cache.h"
#include "reference-shim/backends/wasm/stage_process.h"
#include "reference-shim/backends/wasm/wasm_host.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"
#include "reference-shim/shim/forked_step.h"

namespace backends {

// A container whose first process is a Wasm guest, and which runs nothing else.
class WasmWorkload : public shim::Workload {
 public:
  // `host` is borrowed. Nothing exists yet.
  WasmWorkload(WasmHost& host, shim::CreateSpec spec);
  ~WasmWorkload() override;

  // Makes the container with its init waiting: native code for the module, the cgroup, the stage,
  // hooks. Call once, before everything else. After a failure nothing is left, and the poststop
  // hooks have run (HOOK-07).
  void Create(shim::Done<> done);

  [[nodiscard]] pid_t pid() const override { return pid_; }
  void Start(shim::Done<pid_t> done) override;
  void Signal(int signo, shim::SignalScope scope, shim::Done<> done) override;
  absl::StatusOr<std::unique_ptr<shim::ExecWorkload>> Exec(shim::ExecSpec spec) override;
  void Pause(shim::Done<> done) override;
  void Resume(shim::Done<> done) override;
  void Update(std::string resources_json, shim::Done<> done) override;
  void Sample(shim::Done<shim::Opaque> done) override;
  void Pids(shim::Done<std::vector<pid_t>> done) override;
  void Checkpoint(shim::CheckpointSpec, shim::Done<> done) override;
  void Delete(shim::Done<> done) override;

 private:
  // The steps of Create; each goes on to the next or ends with Abandon.
  absl::StatusOr<base::UniqueFd> Plan();
  void Compile(base::UniqueFd module);
  void OnCode(absl::StatusOr<ModuleArtefact> code);
  absl::Status MakeCgroup();
  absl::Status Launch();
  void OnMounted(const absl::Status& status);
  void OnHooks(const absl::Status& status);
  void AwaitReady();
  void OnReady(const absl::Status& status);
  void CompileAnew();
  void Abandon(absl::Status why);

  void CoverProcesses(shim::Done<> started);
  void OnStarted(const absl::Status& status, shim::Done<pid_t> done);
  void OnInitExit(const base::ExitStatus& status);
  void WatchCgroup();
  [[nodiscard]] bool HasCgroup() const { return container::Exists(plan_.cgroup); }
  void AwaitFrozen(std::chrono::steady_clock::time_point limit, shim::Done<> done);

  // Ends all processes, removes cgroup and record, runs the poststop hooks.
  void Dismantle(shim::Done<> done);
  void RemoveCgroup(shim::Done<> done);
  void RunPoststop(shim::Done<> done);

  WasmHost& host_;
  oci::Spec spec_;
  std::string pid_file_;
  std::string checkpoint_;
  shim::Opaque options_;
  shim::ProcessIo io_;
  shim::ExitCallback on_exit_;
  std::function<void()> on_oom_;
  stage::StagePlan plan_;
  ModuleArtefact code_;
  base::UniqueFd module_;  // in case its code has to be compiled anew
  bool anew_ = false;
  bool recorded_ = false;  // there is something to dismantle, and hooks to run after it
  bool planned_ = false;   // the init was told what to become
  pid_t pid_ = 0;
  std::unique_ptr<StageProcess> init_;
  HookRun hooks_;
  std::unique_ptr<shim::ForkedStep> cover_;
  std::optional<absl::StatusOr<container::OomMonitor>> oom_monitor_;  // made, not watched yet
  std::unique_ptr<OomWatch> oom_;
  std::optional<container::CgroupRemoval> removal_;
  shim::Done<> created_;
  shim::Deadline freeze_look_;
  base::ChildReaper::Watch killed_;
  shim::Deadline kill_deadline_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
