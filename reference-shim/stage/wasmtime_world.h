// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "reference-shim/stage/wasm_engine.h"
#include "reference-shim/stage/wasmtime_handles.h"

namespace stage::wasmtime {

// What the guest sees, with its preopens open. INVALID_ARGUMENT for words that WASI cannot carry
// (not UTF-8, or with a NUL; an environment entry without "="), NOT_FOUND and others for preopens.
absl::StatusOr<WasiConfig> MakeWasi(const GuestWorld& world);

// A store with that world inside and its limits set.
absl::StatusOr<Store> MakeStore(const wasm_engine_t& engine, const GuestWorld& world,
                                bool counts_fuel);

}  // namespace stage::wasmtime
