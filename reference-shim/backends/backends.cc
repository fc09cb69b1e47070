// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/backends.h"

#include "reference-shim/backends/oci/oci_backend.h"

namespace backends {
namespace {

constexpr BackendEntry kBackends[] = {
    {"oci", &MakeOciBackend},
};

}  // namespace

absl::Span<const BackendEntry> AllBackends() { return kBackends; }

std::unique_ptr<shim::Backend> MakeBackend(absl::string_view name,
                                           const shim::BackendContext& context) {
  for (const BackendEntry& entry : kBackends) {
    if (name == entry.name) return entry.make(context);
  }
  return nullptr;
}

}  // namespace backends
