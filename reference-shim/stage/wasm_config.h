// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

// What compiler, stage and shim must agree on. Links no engine.
namespace stage {

// How code is made and run. It is compiled in: code of one configuration does not load in another.
struct WasmConfig {
  const char* name;
  // A memory takes the address space that it uses, not 4 GiB ahead: bounds checks cost time, but
  // the guest runs under RLIMIT_AS.
  bool small_reservation;
  // Counts what the guest executes, so that it can be given an amount (GuestWorld::fuel).
  bool fuel;
};

inline constexpr char kDefaultWasmConfig[] = "default";

// "default", "smallres", "fuel", "smallres-fuel".
absl::Span<const WasmConfig> AllWasmConfigs();

// The one of these qualities.
const WasmConfig& WasmConfigFor(bool small_reservation, bool fuel);

// INVALID_ARGUMENT names those that exist.
absl::StatusOr<WasmConfig> FindWasmConfig(absl::string_view name);

// The engine that this build compiles for: "wasmtime", "48.0.8", and what else of it decides
// whether code fits: "component,compiler,parallel".
absl::string_view WasmEngineName();
absl::string_view WasmEngineVersion();
absl::string_view WasmEngineFeatures();

}  // namespace stage
