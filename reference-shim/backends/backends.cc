// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/backends.h"

#include "reference-shim/backends/oci/oci_backend.h"
#include "reference-shim/backends/wasm/wasm_backend.h"

namespace backends {
namespace {

constexpr BackendEntry kBackends[] = {
    {"oci", &MakeOciBackend},
    {"wasm", &MakeWasmBackend},
};

}  // namespace

absl::Span<const BackendEntry> AllBackends() { return kBackends; }

}  // namespace backends
