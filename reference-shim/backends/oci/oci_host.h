// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "container/cgroup.h"
#include "reference-shim/backends/oci/orphan_ledger.h"
#include "reference-shim/shim/backend.h"

namespace backends {

// What all containers of one oci backend share; outlives them.
struct OciHost {
  explicit OciHost(const shim::BackendContext& shim_context);

  // Looked up when first needed. Without any mounted, no container has a cgroup of its own.
  const container::CgroupMounts& Cgroups();

  shim::BackendContext context;
  OrphanLedger orphans;
  std::vector<std::string> environment;  // of every engine command

 private:
  std::optional<container::CgroupMounts> cgroups_;
};

}  // namespace backends
