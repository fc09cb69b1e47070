// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "oci/spec.h"
#include "reference-shim/backends/wasm/module_cache.h"
#include "reference-shim/backends/wasm/stage_process.h"
#include "reference-shim/backends/wasm/wasm_host.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"

namespace backends {

// Another module in a Wasm container, in a process of its own. Its pid file <bundle>/<exec id>.pid
// lives as long as this object (FILE-06, DELETE-07).
class WasmExec : public shim::ExecWorkload {
 public:
  // `host` is borrowed. `container`: what its init was started with; `init`: its pid, not reaped
  // before this object's Start is called.
  WasmExec(WasmHost& host, const stage::StagePlan& container, pid_t init, shim::ExecSpec spec);
  ~WasmExec() override;

  void Start(shim::Done<pid_t> done) override;
  void Signal(int signo, shim::Done<> done) override;

 private:
  absl::StatusOr<base::UniqueFd> Plan();
  void Compile(base::UniqueFd module);
  void OnCode(absl::StatusOr<ModuleArtefact> code);
  absl::Status Launch();
  void OnStarted(const absl::Status& status);
  void CompileAnew();
  void Finish(absl::StatusOr<pid_t> result);

  WasmHost& host_;
  shim::ExecSpec spec_;
  pid_t init_;
  std::string pid_file_;
  stage::StagePlan plan_;
  ModuleArtefact code_;
  base::UniqueFd module_;  // in case its code has to be compiled anew
  bool anew_ = false;
  std::unique_ptr<StageProcess> process_;
  shim::Done<pid_t> done_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
