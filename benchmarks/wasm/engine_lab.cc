// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/wasm/engine_lab.h"

#include <absl/strings/str_cat.h>

#include <cstdint>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/stage/wasmtime_config.h"

namespace benchmarks::wasm {
namespace {

using stage::wasmtime::Message;
namespace api = stage::wasmtime;

using PoolConfig =
    api::Handle<wasmtime_pooling_allocation_config_t, wasmtime_pooling_allocation_config_delete>;

constexpr std::uint32_t kSlots = 8;

// Everything is counted out: by default there are a thousand of each.
PoolConfig MakePool() {
  PoolConfig pool(wasmtime_pooling_allocation_config_new());
  wasmtime_pooling_allocation_config_total_core_instances_set(pool.get(), kSlots);
  wasmtime_pooling_allocation_config_total_component_instances_set(pool.get(), kSlots);
  wasmtime_pooling_allocation_config_total_memories_set(pool.get(), kSlots);
  wasmtime_pooling_allocation_config_total_tables_set(pool.get(), kSlots);
#ifdef WASMTIME_FEATURE_ASYNC
  wasmtime_pooling_allocation_config_total_stacks_set(pool.get(), 1);
#endif
  return pool;
}

absl::Status Refusal(wasmtime_error_t* raw) {
  const api::Error error(raw);
  return error == nullptr ? absl::OkStatus() : absl::FailedPreconditionError(Message(*error));
}

absl::StatusOr<api::Store> MakeStore(wasm_engine_t* engine, const std::string& arg) {
  api::Store store(wasmtime_store_new(engine, nullptr, nullptr));
  api::WasiConfig wasi(wasi_config_new());
  shimgauge_wasi_config_block_in_place(wasi.get());
  const char* argv[] = {"guest", arg.c_str()};
  if (!wasi_config_set_argv(wasi.get(), 2, argv)) return absl::InvalidArgumentError("argv");
  wasi_config_inherit_stdout(wasi.get());
  RETURN_IF_ERROR(
      Refusal(wasmtime_context_set_wasi(wasmtime_store_context(store.get()), wasi.release())));
  return store;
}

absl::StatusOr<api::InstancePre> Link(wasm_engine_t* engine, const wasmtime_module_t* module) {
  const api::Linker linker(wasmtime_linker_new(engine));
  RETURN_IF_ERROR(Refusal(wasmtime_linker_define_wasi(linker.get())));
  wasmtime_instance_pre_t* pre = nullptr;
  RETURN_IF_ERROR(Refusal(wasmtime_linker_instantiate_pre(linker.get(), module, &pre)));
  return api::InstancePre(pre);
}

absl::Status Call(const api::Store& store, const wasmtime_instance_t& instance) {
  constexpr absl::string_view kEntry = "_start";
  wasmtime_context_t* const context = wasmtime_store_context(store.get());
  wasmtime_extern_t entry;
  if (!wasmtime_instance_export_get(context, &instance, kEntry.data(), kEntry.size(), &entry)) {
    return absl::InvalidArgumentError("the module exports no _start");
  }
  wasm_trap_t* raw = nullptr;
  const api::Error ended(wasmtime_func_call(context, &entry.of.func, nullptr, 0, nullptr, 0, &raw));
  const api::Trap trap(raw);
  return absl::OkStatus();
}

}  // namespace

const char* NameOf(Allocation allocation) {
  return allocation == Allocation::kPooling ? "pooling" : "on demand";
}

absl::StatusOr<EngineLab> EngineLab::Make(Allocation allocation) {
  const tasks::Time begin = tasks::Clock::now();
  wasm_config_t* const config = wasm_config_new();
  if (allocation == Allocation::kPooling) {
    wasmtime_pooling_allocation_strategy_set(config, MakePool().get());
  }
  api::EngineHandle engine(wasm_engine_new_with_config(config));
  const tasks::Clock::duration made = tasks::Clock::now() - begin;
  if (engine == nullptr) return absl::InternalError("the engine cannot be made");
  return EngineLab(std::move(engine), made);
}

absl::StatusOr<EngineTimes> EngineLab::Run(const std::string& code, const std::string& arg) const {
  EngineTimes times;
  tasks::Time last = tasks::Clock::now();
  const auto lap = [&last](tasks::Clock::duration& into) {
    const tasks::Time now = tasks::Clock::now();
    into = now - std::exchange(last, now);
  };
  wasmtime_module_t* raw_module = nullptr;
  RETURN_IF_ERROR(
      Refusal(wasmtime_module_deserialize_file(engine_.get(), code.c_str(), &raw_module)));
  const api::Module module(raw_module);
  lap(times.load);
  ASSIGN_OR_RETURN(const api::InstancePre pre, Link(engine_.get(), module.get()));
  lap(times.link);
  ASSIGN_OR_RETURN(const api::Store store, MakeStore(engine_.get(), arg));
  lap(times.store);
  wasmtime_instance_t instance{};
  wasm_trap_t* raw_trap = nullptr;
  RETURN_IF_ERROR(Refusal(wasmtime_instance_pre_instantiate(
      pre.get(), wasmtime_store_context(store.get()), &instance, &raw_trap)));
  const api::Trap trap(raw_trap);
  if (trap != nullptr) return absl::FailedPreconditionError(Message(*trap));
  lap(times.instantiate);
  RETURN_IF_ERROR(Call(store, instance));
  lap(times.call);
  return times;
}

}  // namespace benchmarks::wasm
