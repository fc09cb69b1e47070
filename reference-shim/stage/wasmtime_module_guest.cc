// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "reference-shim/stage/wasmtime_config.h"
#include "reference-shim/stage/wasmtime_end.h"
#include "reference-shim/stage/wasmtime_guests.h"
#include "reference-shim/stage/wasmtime_world.h"

namespace stage::wasmtime {
namespace {

constexpr absl::string_view kWasiModule = "wasi_snapshot_preview1";
constexpr absl::string_view kProcExit = "proc_exit";
constexpr absl::string_view kCommandEntry = "_start";
constexpr absl::string_view kReactorEntry = "_initialize";
constexpr absl::string_view kUnwinding = "proc_exit";
// Names in the message about a missing entry.
constexpr std::size_t kExportsNamed = 8;

// The type of an exported function; null when there is none of that name. Borrows from `exports`.
const wasm_functype_t* FunctionType(const wasm_exporttype_vec_t& exports, absl::string_view name) {
  for (std::size_t i = 0; i < exports.size; ++i) {
    if (Text(*wasm_exporttype_name(exports.data[i])) != name) continue;
    return wasm_externtype_as_functype_const(wasm_exporttype_type(exports.data[i]));
  }
  return nullptr;
}

std::string FunctionNames(const wasm_exporttype_vec_t& exports) {
  std::vector<absl::string_view> names;
  for (std::size_t i = 0; i < exports.size; ++i) {
    const wasm_externtype_t* type = wasm_exporttype_type(exports.data[i]);
    if (wasm_externtype_kind(type) != WASM_EXTERN_FUNC) continue;
    if (names.size() == kExportsNamed) {
      names.emplace_back("…");
      break;
    }
    names.push_back(Text(*wasm_exporttype_name(exports.data[i])));
  }
  return names.empty() ? "it exports no function"
                       : absl::StrCat("its functions: ", absl::StrJoin(names, ", "));
}

class ModuleGuest final : public WasmGuest {
 public:
  ModuleGuest(GuestOrder order, Module module)
      : order_(std::move(order)), module_(std::move(module)) {
    if (order_.entry.empty()) order_.entry = std::string(kCommandEntry);
  }

  absl::Status Open(const GuestWorld& world) override {
    ASSIGN_OR_RETURN(store_, MakeStore(*order_.engine, world, order_.counts_fuel));
    return absl::OkStatus();
  }

  absl::Status Instantiate() override {
    RETURN_IF_ERROR(CheckEntry());
    RETURN_IF_ERROR(Link());
    // A start function is code of the guest's and belongs to Run().
    if (order_.starts) return absl::OkStatus();
    Error error;
    Trap trap;
    MakeInstance(error, trap);
    if (error != nullptr) return absl::ResourceExhaustedError(Message(*error));
    if (trap != nullptr) return absl::InvalidArgumentError(Message(*trap));
    return absl::OkStatus();
  }

  GuestEnd Run() override {
    if (order_.starts) {
      Error error;
      Trap trap;
      MakeInstance(error, trap);
      if (error != nullptr || trap != nullptr) return EndOf(error, trap, exit_code_);
    }
    if (initialize_) {
      GuestEnd end = Call(kReactorEntry, 0);
      if (end.kind != GuestEnd::Kind::kReturned) return end;
    }
    return Call(order_.entry, results_);
  }

 private:
  absl::Status CheckEntry() {
    ExportTypes exports;
    wasmtime_module_exports(module_.get(), exports.out());
    const wasm_functype_t* const entry = FunctionType(exports.get(), order_.entry);
    if (entry == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the module exports no function \"", order_.entry, "\"; ", FunctionNames(exports.get())));
    }
    if (const std::size_t params = wasm_functype_params(entry)->size; params > 0) {
      return absl::InvalidArgumentError(absl::StrCat("the function \"", order_.entry, "\" takes ",
                                                     params, " parameters, an entry takes none"));
    }
    results_ = wasm_functype_results(entry)->size;
    const wasm_functype_t* const initialize = FunctionType(exports.get(), kReactorEntry);
    initialize_ = initialize != nullptr && order_.entry != kReactorEntry &&
                  order_.entry != kCommandEntry && wasm_functype_params(initialize)->size == 0 &&
                  wasm_functype_results(initialize)->size == 0;
    return absl::OkStatus();
  }

  absl::Status Link() {
    const Linker linker(wasmtime_linker_new(const_cast<wasm_engine_t*>(order_.engine)));
    wasmtime_linker_allow_shadowing(linker.get(), true);
    if (const Error error(wasmtime_linker_define_wasi(linker.get())); error != nullptr) {
      return absl::InternalError(absl::StrCat("defining WASI: ", Message(*error)));
    }
    RETURN_IF_ERROR(DefineExit(linker.get()));
    wasmtime_instance_pre_t* pre = nullptr;
    if (const Error error(wasmtime_linker_instantiate_pre(linker.get(), module_.get(), &pre));
        error != nullptr) {
      return absl::InvalidArgumentError(Message(*error));
    }
    pre_.reset(pre);
    return absl::OkStatus();
  }

  // The engine's own treats codes from 126 on as a fault of the guest.
  absl::Status DefineExit(wasmtime_linker_t* linker) {
    wasm_valtype_t* code[] = {wasm_valtype_new(WASM_I32)};
    wasm_valtype_vec_t params;
    wasm_valtype_vec_t results;
    wasm_valtype_vec_new(&params, 1, code);
    wasm_valtype_vec_new_empty(&results);
    const FuncType type(wasm_functype_new(&params, &results));
    const Error error(wasmtime_linker_define_func(linker, kWasiModule.data(), kWasiModule.size(),
                                                  kProcExit.data(), kProcExit.size(), type.get(),
                                                  &ModuleGuest::ProcExit, this, nullptr));
    if (error == nullptr) return absl::OkStatus();
    return absl::InternalError(absl::StrCat("defining proc_exit: ", Message(*error)));
  }

  static wasm_trap_t* ProcExit(void* guest, wasmtime_caller_t*, const wasmtime_val_t* args,
                               std::size_t, wasmtime_val_t*, std::size_t) {
    static_cast<ModuleGuest*>(guest)->exit_code_ = static_cast<std::uint32_t>(args[0].of.i32);
    return wasmtime_trap_new(kUnwinding.data(), kUnwinding.size());
  }

  void MakeInstance(Error& error, Trap& trap) {
    wasm_trap_t* raw = nullptr;
    error.reset(wasmtime_instance_pre_instantiate(pre_.get(), wasmtime_store_context(store_.get()),
                                                  &instance_, &raw));
    trap.reset(raw);
  }

  // An exported function whose type is known: no parameters, so many results, which are dropped.
  GuestEnd Call(absl::string_view name, std::size_t results) {
    wasmtime_context_t* const context = wasmtime_store_context(store_.get());
    wasmtime_extern_t item;
    if (!wasmtime_instance_export_get(context, &instance_, name.data(), name.size(), &item)) {
      std::abort();  // CheckEntry has seen it
    }
    std::vector<wasmtime_val_t> values(results);
    wasm_trap_t* raw = nullptr;
    const Error error(
        wasmtime_func_call(context, &item.of.func, nullptr, 0, values.data(), values.size(), &raw));
    const Trap trap(raw);
    return EndOf(error, trap, exit_code_);
  }

  GuestOrder order_;
  Module module_;
  Store store_;
  InstancePre pre_;
  wasmtime_instance_t instance_{};
  std::size_t results_ = 0;
  bool initialize_ = false;
  std::optional<std::uint32_t> exit_code_;
};

}  // namespace

std::unique_ptr<WasmGuest> MakeModuleGuest(GuestOrder order, Module module) {
  return std::make_unique<ModuleGuest>(std::move(order), std::move(module));
}

}  // namespace stage::wasmtime
