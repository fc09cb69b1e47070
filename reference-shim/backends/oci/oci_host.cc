// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/oci_host.h"

#include <utility>

#include "reference-shim/backends/oci/engine.h"

namespace backends {

OciHost::OciHost(const shim::BackendContext& shim_context)
    : context(shim_context), orphans(shim_context.reaper), environment(EngineEnvironment()) {}

const container::CgroupMounts& OciHost::Cgroups() {
  if (!cgroups_.has_value()) {
    absl::StatusOr<container::CgroupMounts> mounts = container::CgroupMounts::Read();
    if (!mounts.ok()) context.log.Warning("cgroups: ", mounts.status().message());
    cgroups_ = mounts.ok() ? *std::move(mounts) : container::CgroupMounts();
  }
  return *cgroups_;
}

}  // namespace backends
