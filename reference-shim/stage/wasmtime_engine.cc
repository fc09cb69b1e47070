// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/wasmtime_engine.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "reference-shim/stage/code_note.h"
#include "reference-shim/stage/wasm_config.h"
#include "reference-shim/stage/wasmtime_config.h"
#include "reference-shim/stage/wasmtime_guests.h"

namespace stage {
namespace {

using wasmtime::Message;

class WasmtimeEngine final : public WasmEngine {
 public:
  explicit WasmtimeEngine(const WasmConfig& config)
      : config_(config), engine_(wasmtime::MakeEngine(config)) {}

  absl::StatusOr<std::unique_ptr<WasmGuest>> Load(const std::string& path,
                                                  absl::string_view entry) override {
    ASSIGN_OR_RETURN(const CodeNote note, NoteOf(path));
    wasmtime::GuestOrder order{.engine = engine_.get(),
                               .entry = std::string(entry),
                               .counts_fuel = config_.fuel,
                               .starts = note.starts};
    if (note.component) {
      wasmtime_component_t* component = nullptr;
      RETURN_IF_ERROR(
          Refused(wasmtime_component_deserialize_file(engine_.get(), path.c_str(), &component)));
      return MakeComponentGuest(std::move(order), wasmtime::Component(component));
    }
    wasmtime_module_t* module = nullptr;
    RETURN_IF_ERROR(
        Refused(wasmtime_module_deserialize_file(engine_.get(), path.c_str(), &module)));
    return MakeModuleGuest(std::move(order), wasmtime::Module(module));
  }

 private:
  // The engine checks most of this too, but takes what is damaged for sound more often than not.
  absl::StatusOr<CodeNote> NoteOf(const std::string& path) const {
    const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", path));
    ASSIGN_OR_RETURN(CodeNote note, ReadCodeNote(file.get()));
    if (note.engine != wasmtime::EngineNameAndVersion() || note.config != config_.name) {
      return absl::FailedPreconditionError(
          absl::StrCat("code for ", note.engine, ", configuration ", note.config, ", not for ",
                       wasmtime::EngineNameAndVersion(), ", configuration ", config_.name));
    }
    return note;
  }

  static absl::Status Refused(wasmtime_error_t* raw) {
    const wasmtime::Error error(raw);
    return error == nullptr ? absl::OkStatus() : absl::FailedPreconditionError(Message(*error));
  }

  WasmConfig config_;
  wasmtime::EngineHandle engine_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<WasmEngine>> MakeWasmtimeEngine(absl::string_view config) {
  ASSIGN_OR_RETURN(const WasmConfig found, FindWasmConfig(config));
  // Read once, when the first call into WASI starts its helper threads; by default one per CPU.
  ::setenv("TOKIO_WORKER_THREADS", "1", 1);
  return std::make_unique<WasmtimeEngine>(found);
}

}  // namespace stage
