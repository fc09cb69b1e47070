// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/container_creation.h"

#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/oci/engine_options.h"

namespace backends {

ContainerCreation::ContainerCreation(OciHost& host, shim::CreateSpec spec,
                                     shim::Done<std::unique_ptr<shim::Workload>> done)
    : host_(host), spec_(std::move(spec)), done_(std::move(done)) {}

void ContainerCreation::Run() {
  const absl::Status recorded = Record();
  if (!recorded.ok()) return Finish(recorded);
  state_ = State::kCreate;
  workload_->Create([this](absl::Status status) { OnCreated(std::move(status)); });
}

absl::Status ContainerCreation::Record() {
  ASSIGN_OR_RETURN(const EngineOptions options, ParseEngineOptions(spec_.options));
  // Before the engine runs: `delete` must find whatever it makes, whenever we die (DEL-11).
  RETURN_IF_ERROR(SaveEngineOptions(spec_.bundle, options));
  workload_ = std::make_unique<OciWorkload>(host_, options, std::move(spec_));
  return absl::OkStatus();
}

void ContainerCreation::OnCreated(absl::Status status) {
  status.ok() ? Finish(std::move(workload_)) : Undo(std::move(status));
}

void ContainerCreation::Undo(absl::Status why) {
  state_ = State::kUndo;
  workload_->Remove([this, why = std::move(why)](const absl::Status& removed) mutable {
    if (!removed.ok()) host_.context.log.Warning("after a failed create: ", removed.message());
    Finish(std::move(why));
  });
}

void ContainerCreation::Finish(absl::StatusOr<std::unique_ptr<shim::Workload>> result) {
  state_ = State::kFinished;
  std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace backends
