// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "reference-shim/shim/backend.h"

namespace backends {

// The backend of the reference shim: each container gets the one that fits its init, wasm for a
// Wasm module (wasm/module_file.h) and oci for everything else, so that one pod can have both.
// `-info` tells of both, and works where either is installed.
std::unique_ptr<shim::Backend> MakeTaskBackend(const shim::BackendContext& context);

}  // namespace backends
