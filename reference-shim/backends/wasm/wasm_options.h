// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "oci/spec.h"

namespace backends {

// What a container's annotations say about running Wasm.
struct WasmOptions {
  std::uint64_t memory_bytes_max = 0;  // of linear memories; 0: no limit of our own
  std::uint64_t fuel = 0;              // how much a guest may execute; 0: no limit
  std::uint64_t run_ms_max = 0;        // from start to end; 0: no limit
  friend bool operator==(const WasmOptions&, const WasmOptions&) = default;
};

inline constexpr char kMemoryAnnotation[] = "io.shimgauge.wasm/memory-bytes";
inline constexpr char kFuelAnnotation[] = "io.shimgauge.wasm/fuel";
inline constexpr char kRunAnnotation[] = "io.shimgauge.wasm/run-ms";

// INVALID_ARGUMENT names the annotation, what it says, and what was expected: limits are positive
// numbers, and an annotation of ours that we do not know is a mistake.
absl::StatusOr<WasmOptions> ParseWasmOptions(const oci::StringMap& annotations);

// Whether the annotations say that a task is Wasm whatever its file looks like, by the conventions
// of other runtimes: run.oci.handler=wasm, module.wasm.image/variant=compat.
bool DemandsWasm(const oci::StringMap& annotations);

}  // namespace backends
