// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/wasm_engine.h"
#include "reference-shim/stage/wasmtime_engine.h"

namespace stage {
namespace {

constexpr EngineEntry kEngines[] = {
    {.name = "wasmtime", .version = SHIMGAUGE_WASM_ENGINE_VERSION, .make = &MakeWasmtimeEngine},
};

}  // namespace

absl::Span<const EngineEntry> AllEngines() { return kEngines; }

}  // namespace stage
