// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/wasmtime_config.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <cstddef>
#include <cstdint>

namespace stage::wasmtime {
namespace {

static_assert(absl::string_view(WASMTIME_VERSION) == SHIMGAUGE_WASM_ENGINE_VERSION,
              "wasmtime/Cargo.toml and the headers are of different versions");

// Backtraces of a deep recursion have no end; their beginning and the cause at their end say it
// all.
constexpr std::size_t kMessageHeadBytes = 2048;
constexpr std::size_t kMessageTailBytes = 1024;

constexpr std::uint64_t kSmallGuardBytes = 64 * 1024;
constexpr std::uint64_t kSmallGrowthBytes = 1024 * 1024;

std::string Bounded(absl::string_view text) {
  // Messages of traps end in a NUL.
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  text = absl::StripAsciiWhitespace(text);
  if (text.size() <= kMessageHeadBytes + kMessageTailBytes) return std::string(text);
  return absl::StrCat(text.substr(0, kMessageHeadBytes), "\n[…]\n",
                      text.substr(text.size() - kMessageTailBytes));
}

}  // namespace

EngineHandle MakeEngine(const WasmConfig& config) {
  // Everything else is the engine's default: traps by signals, copy-on-write images of memories, no
  // epochs (a guest is alone in its process; signals end it), optimised for speed.
  wasm_config_t* const settings = wasm_config_new();
  if (config.small_reservation) {
    wasmtime_config_memory_reservation_set(settings, 0);
    wasmtime_config_memory_guard_size_set(settings, kSmallGuardBytes);
    wasmtime_config_memory_reservation_for_growth_set(settings, kSmallGrowthBytes);
  }
  wasmtime_config_consume_fuel_set(settings, config.fuel);
  return EngineHandle(wasm_engine_new_with_config(settings));
}

std::string Message(const wasmtime_error_t& error) {
  Bytes text;
  wasmtime_error_message(&error, text.out());
  return Bounded(Text(text.get()));
}

std::string Message(const wasm_trap_t& trap) {
  Bytes text;
  wasm_trap_message(&trap, text.out());
  return Bounded(Text(text.get()));
}

std::string EngineNameAndVersion() {
  return absl::StrCat(WasmEngineName(), " ", WasmEngineVersion());
}

}  // namespace stage::wasmtime
