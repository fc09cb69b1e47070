// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "container/init_program.h"
#include "container/sync_socket.h"
#include "oci/spec.h"
#include "reference-shim/stage/stage_plan.h"
#include "reference-shim/stage/wasm_engine.h"

namespace stage {

// A guest as what a container's process becomes: this process runs it, and ends with it.
class WasmProgram : public container::InitProgram {
 public:
  // `spec` is the container's; Open of its first process adds masked paths. `process` is what runs:
  // the spec's, or an exec's. All borrowed. `report`: to the shim.
  WasmProgram(std::unique_ptr<WasmGuest> guest, const StagePlan& plan, oci::Spec& spec,
              const oci::Process& process, container::SyncSocket report);

  absl::Status Open(const base::UniqueFd& root) override;
  absl::Status Prepare() override;
  // Does not return: ends with the guest's code, or with kTrapExitCode, having said why on
  // descriptor 2 and to the shim.
  absl::Status Become() override;

 private:
  [[nodiscard]] bool HidesProcesses() const;
  absl::Status HideProcessFileSystems(const base::UniqueFd& root);

  std::unique_ptr<WasmGuest> guest_;
  const StagePlan& plan_;
  oci::Spec& spec_;
  const oci::Process& process_;
  container::SyncSocket report_;
};

}  // namespace stage
