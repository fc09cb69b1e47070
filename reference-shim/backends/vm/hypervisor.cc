// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/hypervisor.h"

#include "reference-shim/backends/vm/cloud_hypervisor.h"
#include "reference-shim/backends/vm/qemu.h"

namespace backends {

std::unique_ptr<Hypervisor> MakeHypervisor(const shim::BackendContext& context,
                                           const VmConfig& config, const VmFiles& files,
                                           PodNetwork& network, Tracer* tracer) {
  switch (config.kind) {
    case HypervisorKind::kCloudHypervisor:
      return std::make_unique<CloudHypervisor>(context, config, files, network, tracer);
    case HypervisorKind::kQemu:
      return std::make_unique<Qemu>(context, config, files, network, tracer);
  }
  return nullptr;
}

}  // namespace backends
