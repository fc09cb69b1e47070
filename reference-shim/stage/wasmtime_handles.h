// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <memory>

#include "reference-shim/stage/wasmtime_extras.h"

// Owners of what the C API hands out. (Its own C++ wrapper does not compile without the gc
// feature.)
namespace stage::wasmtime {

template <auto destroy>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
template <typename T, auto destroy>
using Handle = std::unique_ptr<T, Deleter<destroy>>;

using Config = Handle<wasm_config_t, wasm_config_delete>;
using EngineHandle = Handle<wasm_engine_t, wasm_engine_delete>;
using Error = Handle<wasmtime_error_t, wasmtime_error_delete>;
using Trap = Handle<wasm_trap_t, wasm_trap_delete>;
using Module = Handle<wasmtime_module_t, wasmtime_module_delete>;
using Store = Handle<wasmtime_store_t, wasmtime_store_delete>;
using Linker = Handle<wasmtime_linker_t, wasmtime_linker_delete>;
using InstancePre = Handle<wasmtime_instance_pre_t, wasmtime_instance_pre_delete>;
using FuncType = Handle<wasm_functype_t, wasm_functype_delete>;
using Component = Handle<wasmtime_component_t, wasmtime_component_delete>;
using ComponentLinker = Handle<wasmtime_component_linker_t, wasmtime_component_linker_delete>;
using ComponentPre = Handle<shimgauge_component_pre_t, shimgauge_component_pre_delete>;
using ComponentFuncType =
    Handle<wasmtime_component_func_type_t, wasmtime_component_func_type_delete>;
using ExportIndex =
    Handle<wasmtime_component_export_index_t, wasmtime_component_export_index_delete>;
#ifdef WASMTIME_FEATURE_WASI
using WasiConfig = Handle<wasi_config_t, wasi_config_delete>;
#endif

// A vector that is filled by the API.
template <typename T, auto destroy>
class Vector {
 public:
  Vector() = default;
  ~Vector() {
    if (vector_.data != nullptr) destroy(&vector_);
  }
  Vector(const Vector&) = delete;
  Vector& operator=(const Vector&) = delete;
  [[nodiscard]] T* out() { return &vector_; }
  [[nodiscard]] const T& get() const { return vector_; }

 private:
  T vector_{};
};
using Bytes = Vector<wasm_byte_vec_t, wasm_byte_vec_delete>;
using ExportTypes = Vector<wasm_exporttype_vec_t, wasm_exporttype_vec_delete>;

inline absl::string_view Text(const wasm_byte_vec_t& bytes) { return {bytes.data, bytes.size}; }

}  // namespace stage::wasmtime
