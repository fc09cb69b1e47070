// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include "base/status_macros.h"
#include "container/hooks.h"
#include "fakes/engine/commands.h"
#include "fakes/engine/container_processes.h"
#include "fakes/engine/container_store.h"

namespace fakes {
namespace {

// HOOK-08: whatever the hooks do, the container is gone.
void RunPoststop(const Command& command, const oci::Spec& spec, const std::string& bundle) {
  const absl::Status status = container::RunHooks("poststop", spec.hooks.poststop,
                                                  {.oci_version = spec.oci_version,
                                                   .id = command.id,
                                                   .status = "stopped",
                                                   .bundle = bundle,
                                                   .annotations = spec.annotations},
                                                  container::HookFailure::kLogged);
  if (!status.ok()) command.log.Warning(status.message());
}

}  // namespace

absl::StatusOr<int> RunDelete(const Command& command, EngineFaults& faults) {
  const bool force = command.flags.Has("force");
  ASSIGN_OR_RETURN(const ContainerStore store, ContainerStore::For(command.root, command.id));
  const absl::StatusOr<ContainerRecord> record = store.Load();
  if (!record.ok()) {
    if (!absl::IsNotFound(record.status())) return record.status();
    // What a create that was cut off has left.
    if (store.Exists()) RETURN_IF_ERROR(store.Remove());
    if (force) return 0;
    return record.status();
  }
  const ContainerStatus status = StatusOf(store, *record);
  const bool removable =
      status == ContainerStatus::kStopped || status == ContainerStatus::kCreated || force;
  if (!removable) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot delete container ", command.id, " that is not stopped: ", StatusName(status)));
  }
  // Also of a stopped one: without a pid namespace there may be processes left.
  RETURN_IF_ERROR(EndAllOf(store, *record));
  faults.At(FaultPoint::kMiddle);
  const absl::StatusOr<oci::Spec> spec = store.LoadConfig();
  if (container::Exists(record->cgroup)) RETURN_IF_ERROR(container::Remove(record->cgroup));
  RETURN_IF_ERROR(store.Remove());
  if (spec.ok()) RunPoststop(command, *spec, record->bundle);
  return 0;
}

}  // namespace fakes
