// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <wasmtime.h>

#include <cstdint>

// What wasmtime/src/lib.rs adds to the engine's C API.
extern "C" {

#ifdef WASMTIME_FEATURE_WASI
// File operations run on the calling thread. Otherwise each is handed to a helper thread and waited
// for, which takes eight times as long and helps nobody: the guest has one thread.
void shimgauge_wasi_config_block_in_place(wasi_config_t* config);

// All memories and tables of the store together take no more than `bytes`; growing beyond it fails
// (memory.grow answers -1), so does making an instance. Once per store, before its first instance.
// (wasmtime_store_limiter() limits each memory by itself.)
void shimgauge_store_limit_memory(wasmtime_store_t* store, std::uint64_t bytes);
#endif

#ifdef WASMTIME_FEATURE_COMPONENT_MODEL
// For components what wasmtime_instance_pre_t is for modules: imports resolved and checked.
struct shimgauge_component_pre_t;
wasmtime_error_t* shimgauge_component_pre_new(const wasmtime_component_linker_t* linker,
                                              const wasmtime_component_t* component,
                                              shimgauge_component_pre_t** out);
wasmtime_error_t* shimgauge_component_pre_instantiate(const shimgauge_component_pre_t* pre,
                                                      wasmtime_context_t* context,
                                                      wasmtime_component_instance_t* out);
void shimgauge_component_pre_delete(shimgauge_component_pre_t* pre);
#endif

}  // extern "C"
