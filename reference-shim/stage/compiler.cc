// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/compiler.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/status_macros.h"
#include "reference-shim/stage/code_note.h"
#include "reference-shim/stage/module_kind.h"
#include "reference-shim/stage/start_section.h"
#include "reference-shim/stage/wasmtime_config.h"

namespace stage {
namespace {

using wasmtime::Message;

// By default the engine takes every CPU, and each of its threads reserves address space: on a large
// machine more than the limit that a shim sets, and than one module is worth.
constexpr unsigned kThreadsMax = 4;
constexpr char kThreadsVariable[] = "RAYON_NUM_THREADS";

void LimitThreads() {
  const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1U, kThreadsMax);
  ::setenv(kThreadsVariable, absl::StrCat(threads).c_str(), 0);
}

absl::Status WriteAll(int output, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(output, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == EFBIG) {
      return absl::ResourceExhaustedError("the native code is larger than a file may be here");
    }
    if (wrote < 0) return base::ErrnoStatus(errno, "writing the native code");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return absl::OkStatus();
}

absl::Status Unsound(const wasmtime_error_t& error) {
  return absl::InvalidArgumentError(Message(error));
}

absl::Status CompileCore(const wasm_engine_t& engine, absl::string_view wasm,
                         wasmtime::Bytes& code) {
  auto* const bytes = reinterpret_cast<const std::uint8_t*>(wasm.data());
  wasmtime_module_t* raw = nullptr;
  if (const wasmtime::Error error(
          wasmtime_module_new(const_cast<wasm_engine_t*>(&engine), bytes, wasm.size(), &raw));
      error != nullptr) {
    return Unsound(*error);
  }
  const wasmtime::Module module(raw);
  const wasmtime::Error error(wasmtime_module_serialize(module.get(), code.out()));
  return error == nullptr ? absl::OkStatus() : absl::InternalError(Message(*error));
}

absl::Status CompileComponent(const wasm_engine_t& engine, absl::string_view wasm,
                              wasmtime::Bytes& code) {
  auto* const bytes = reinterpret_cast<const std::uint8_t*>(wasm.data());
  wasmtime_component_t* raw = nullptr;
  if (const wasmtime::Error error(wasmtime_component_new(&engine, bytes, wasm.size(), &raw));
      error != nullptr) {
    return Unsound(*error);
  }
  const wasmtime::Component component(raw);
  const wasmtime::Error error(wasmtime_component_serialize(component.get(), code.out()));
  return error == nullptr ? absl::OkStatus() : absl::InternalError(Message(*error));
}

absl::Status CompileBinary(absl::string_view wasm, const WasmConfig& config, int output) {
  const FileKind kind = KindOfBytes(wasm);
  if (kind != FileKind::kModule && kind != FileKind::kComponent) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected a Wasm module or component, found ", FileKindName(kind)));
  }
  const bool component = kind == FileKind::kComponent;
  LimitThreads();
  const wasmtime::EngineHandle engine = wasmtime::MakeEngine(config);
  wasmtime::Bytes code;
  RETURN_IF_ERROR(component ? CompileComponent(*engine, wasm, code)
                            : CompileCore(*engine, wasm, code));
  RETURN_IF_ERROR(WriteAll(output, wasmtime::Text(code.get())));
  return WriteAll(output, WriteCodeNote({.engine = wasmtime::EngineNameAndVersion(),
                                         .config = config.name,
                                         .component = component,
                                         .starts = HasStartSection(wasm)}));
}

}  // namespace

absl::Status CompileModule(absl::string_view module, const WasmConfig& config, int output) {
  if (KindOfBytes(module.substr(0, kFileKindBytes)) != FileKind::kText) {
    return CompileBinary(module, config, output);
  }
  wasmtime::Bytes binary;
  if (const wasmtime::Error error(wasmtime_wat2wasm(module.data(), module.size(), binary.out()));
      error != nullptr) {
    return Unsound(*error);
  }
  return CompileBinary(wasmtime::Text(binary.get()), config, output);
}

}  // namespace stage
