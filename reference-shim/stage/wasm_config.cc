// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/wasm_config.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <string>

namespace stage {
namespace {

constexpr WasmConfig kConfigs[] = {
    {.name = kDefaultWasmConfig, .small_reservation = false, .fuel = false},
    {.name = "smallres", .small_reservation = true, .fuel = false},
    {.name = "fuel", .small_reservation = false, .fuel = true},
    {.name = "smallres-fuel", .small_reservation = true, .fuel = true},
};

}  // namespace

absl::Span<const WasmConfig> AllWasmConfigs() { return kConfigs; }

const WasmConfig& WasmConfigFor(bool small_reservation, bool fuel) {
  return *std::find_if(std::begin(kConfigs), std::end(kConfigs), [&](const WasmConfig& config) {
    return config.small_reservation == small_reservation && config.fuel == fuel;
  });
}

absl::StatusOr<WasmConfig> FindWasmConfig(absl::string_view name) {
  for (const WasmConfig& config : kConfigs) {
    if (name == config.name) return config;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no Wasm configuration \"", name, "\"; there are ",
                   absl::StrJoin(kConfigs, ", ", [](std::string* out, const WasmConfig& config) {
                     absl::StrAppend(out, config.name);
                   })));
}

absl::string_view WasmEngineName() { return "wasmtime"; }
absl::string_view WasmEngineVersion() { return SHIMGAUGE_WASM_ENGINE_VERSION; }
absl::string_view WasmEngineFeatures() { return SHIMGAUGE_WASM_ENGINE_FEATURES; }

}  // namespace stage
