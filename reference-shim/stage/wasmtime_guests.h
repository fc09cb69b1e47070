// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "reference-shim/stage/wasm_engine.h"
#include "reference-shim/stage/wasmtime_handles.h"

namespace stage::wasmtime {

// What a guest is made from.
struct GuestOrder {
  const wasm_engine_t* engine = nullptr;  // borrowed
  std::string entry;                      // empty: the command's own
  bool counts_fuel = false;
  bool starts = false;  // CodeNote::starts
};

// WASI preview 1: the imports of wasi_snapshot_preview1. A module that is no command (a reactor)
// has its "_initialize" called before the entry.
std::unique_ptr<WasmGuest> MakeModuleGuest(GuestOrder order, Module module);

// WASI preview 2: wasi:cli and what it brings, without network. The entry is wasi:cli/run or an
// exported function of the component itself.
std::unique_ptr<WasmGuest> MakeComponentGuest(GuestOrder order, Component component);

}  // namespace stage::wasmtime
