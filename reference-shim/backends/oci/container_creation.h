// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "reference-shim/backends/oci/oci_host.h"
#include "reference-shim/backends/oci/oci_workload.h"
#include "reference-shim/shim/backend.h"

namespace backends {

// One Create from the request to the container or to nothing: parses and records the options, has
// the engine create, and after a failure has it remove what it left. Destroying it earlier kills
// the engine's command.
class ContainerCreation {
 public:
  // `host` is borrowed. `done` is called at the end of Run or later from the loop; it may destroy
  // this.
  ContainerCreation(OciHost& host, shim::CreateSpec spec,
                    shim::Done<std::unique_ptr<shim::Workload>> done);

  void Run();

 private:
  enum class State { kRecord, kCreate, kUndo, kFinished };
  [[nodiscard]] absl::Status Record();
  void OnCreated(absl::Status status);
  void Undo(absl::Status why);
  void Finish(absl::StatusOr<std::unique_ptr<shim::Workload>> result);

  OciHost& host_;
  shim::CreateSpec spec_;
  shim::Done<std::unique_ptr<shim::Workload>> done_;
  State state_ = State::kRecord;
  std::unique_ptr<OciWorkload> workload_;
};

}  // namespace backends
