// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "reference-shim/shim/backend.h"

namespace backends {

// Containers in a virtual machine, one per pod, driven through the agent in it.
std::unique_ptr<shim::Backend> MakeVmBackend(const shim::BackendContext& context);

}  // namespace backends
