// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "reference-shim/shim/backend.h"

namespace backends {

// The backend of the reference shim: each container gets the one that it asks for or that fits its
// init, vm where its options or annotations say so (vm/vm_config.h), wasm for a Wasm module
// (wasm/module_file.h) and oci for everything else, so that one pod can have several; in a sandbox
// that is a VM, vm unless its annotations name another. `-info` tells
// of wasm and oci, and works where either is installed.
std::unique_ptr<shim::Backend> MakeTaskBackend(const shim::BackendContext& context);

}  // namespace backends
