// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <memory>

#include "reference-shim/stage/wasm_engine.h"

namespace stage {

// Wasmtime without its compiler: EngineEntry::make of its row in engines.cc.
absl::StatusOr<std::unique_ptr<WasmEngine>> MakeWasmtimeEngine(absl::string_view config);

}  // namespace stage
