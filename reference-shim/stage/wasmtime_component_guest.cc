// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <utility>

#include "base/status_macros.h"
#include "reference-shim/stage/wasmtime_config.h"
#include "reference-shim/stage/wasmtime_end.h"
#include "reference-shim/stage/wasmtime_guests.h"
#include "reference-shim/stage/wasmtime_world.h"

namespace stage::wasmtime {
namespace {

// Versions that are compatible with this one are found under it.
constexpr absl::string_view kCommandInterface = "wasi:cli/run@0.2.0";
constexpr absl::string_view kCommandFunction = "run";

class ComponentGuest final : public WasmGuest {
 public:
  ComponentGuest(GuestOrder order, Component component)
      : order_(std::move(order)), component_(std::move(component)) {}

  absl::Status Open(const GuestWorld& world) override {
    ASSIGN_OR_RETURN(store_, MakeStore(*order_.engine, world, order_.counts_fuel));
    return absl::OkStatus();
  }

  absl::Status Instantiate() override {
    RETURN_IF_ERROR(FindEntry());
    RETURN_IF_ERROR(Link());
    // Start functions of the modules inside are code of the guest's and belong to Run().
    if (order_.starts) return absl::OkStatus();
    if (const Error error = MakeInstance(); error != nullptr) {
      return absl::ResourceExhaustedError(Message(*error));
    }
    return GetFunction();
  }

  GuestEnd Run() override {
    if (order_.starts) {
      if (const Error error = MakeInstance(); error != nullptr) {
        return EndOf(error, nullptr, std::nullopt);
      }
      if (const absl::Status status = GetFunction(); !status.ok()) {
        return {.kind = GuestEnd::Kind::kTrapped, .text = std::string(status.message())};
      }
    }
    return Call();
  }

 private:
  absl::Status FindEntry() {
    if (!order_.entry.empty()) {
      entry_.reset(wasmtime_component_get_export_index(component_.get(), nullptr,
                                                       order_.entry.data(), order_.entry.size()));
    } else if (const ExportIndex interface(wasmtime_component_get_export_index(
                   component_.get(), nullptr, kCommandInterface.data(), kCommandInterface.size()));
               interface != nullptr) {
      entry_.reset(wasmtime_component_get_export_index(
          component_.get(), interface.get(), kCommandFunction.data(), kCommandFunction.size()));
    }
    if (entry_ != nullptr) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("the component exports no ", EntryName()));
  }

  [[nodiscard]] std::string EntryName() const {
    return order_.entry.empty() ? std::string("wasi:cli/run, it is no command")
                                : absl::StrCat("function \"", order_.entry, "\"");
  }

  absl::Status Link() {
    const ComponentLinker linker(wasmtime_component_linker_new(order_.engine));
    if (const Error error(wasmtime_component_linker_add_wasip2(linker.get())); error != nullptr) {
      return absl::InternalError(absl::StrCat("defining WASI: ", Message(*error)));
    }
    shimgauge_component_pre_t* pre = nullptr;
    if (const Error error(shimgauge_component_pre_new(linker.get(), component_.get(), &pre));
        error != nullptr) {
      return absl::InvalidArgumentError(Message(*error));
    }
    pre_.reset(pre);
    return absl::OkStatus();
  }

  Error MakeInstance() {
    return Error(shimgauge_component_pre_instantiate(
        pre_.get(), wasmtime_store_context(store_.get()), &instance_));
  }

  absl::Status GetFunction() {
    wasmtime_context_t* const context = wasmtime_store_context(store_.get());
    if (!wasmtime_component_instance_get_func(&instance_, context, entry_.get(), &function_)) {
      return absl::InvalidArgumentError(absl::StrCat("the component exports no ", EntryName()));
    }
    const ComponentFuncType type(wasmtime_component_func_type(&function_, context));
    if (const std::size_t params = wasmtime_component_func_type_param_count(type.get());
        params > 0) {
      return absl::InvalidArgumentError(absl::StrCat("the function \"", order_.entry, "\" takes ",
                                                     params, " parameters, an entry takes none"));
    }
    wasmtime_component_valtype_t result;
    has_result_ = wasmtime_component_func_type_result(type.get(), &result);
    if (has_result_) wasmtime_component_valtype_delete(&result);
    return absl::OkStatus();
  }

  GuestEnd Call() {
    wasmtime_component_val_t result{};
    const Error error(wasmtime_component_func_call(&function_, wasmtime_store_context(store_.get()),
                                                   nullptr, 0, &result, has_result_ ? 1 : 0));
    GuestEnd end = EndOf(error, nullptr, std::nullopt);
    if (end.kind != GuestEnd::Kind::kReturned || !has_result_) return end;
    // run answers a result<_, _>: an error is what exit code 1 is to a program.
    if (result.kind == WASMTIME_COMPONENT_RESULT && !result.of.result.is_ok) {
      end = {.kind = GuestEnd::Kind::kExited, .code = 1};
    }
    wasmtime_component_val_delete(&result);
    return end;
  }

  GuestOrder order_;
  Component component_;
  Store store_;
  ComponentPre pre_;
  ExportIndex entry_;
  wasmtime_component_instance_t instance_{};
  wasmtime_component_func_t function_{};
  bool has_result_ = false;
};

}  // namespace

std::unique_ptr<WasmGuest> MakeComponentGuest(GuestOrder order, Component component) {
  return std::make_unique<ComponentGuest>(std::move(order), std::move(component));
}

}  // namespace stage::wasmtime
