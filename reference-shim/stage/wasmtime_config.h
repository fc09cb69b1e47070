// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "reference-shim/stage/wasm_config.h"
#include "reference-shim/stage/wasmtime_handles.h"

namespace stage::wasmtime {

// The one table of settings for compiler and stage: code made with other settings is refused.
EngineHandle MakeEngine(const WasmConfig& config);

// What the C API says, bounded.
std::string Message(const wasmtime_error_t& error);
std::string Message(const wasm_trap_t& trap);

// "wasmtime 48.0.8", as it stands in code notes.
std::string EngineNameAndVersion();

}  // namespace stage::wasmtime
