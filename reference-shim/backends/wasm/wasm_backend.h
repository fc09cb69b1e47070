// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "reference-shim/shim/backend.h"

namespace backends {

// Containers whose processes are Wasm modules, each run by shimgauge-stage in a process that is the
// container's. It links no engine: modules are compiled by a program aside, once, into a cache.
std::unique_ptr<shim::Backend> MakeWasmBackend(const shim::BackendContext& context);

// What a features document for `-info` (INFO-04) says among its annotations: which engine, and in
// which version. Members of a JSON object, without braces.
std::string WasmFeatureAnnotations();

}  // namespace backends
