// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "reference-shim/stage/wasm_engine.h"
#include "reference-shim/stage/wasmtime_handles.h"

namespace stage::wasmtime {

// How a call ended that gave back `error` and `trap` (one or none of them). `exit_code`: set by a
// proc_exit of ours, whose trap only unwinds.
GuestEnd EndOf(const Error& error, const Trap& trap, std::optional<std::uint32_t> exit_code);

}  // namespace stage::wasmtime
