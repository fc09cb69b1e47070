// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <memory>

#include "reference-shim/shim/backend.h"

namespace backends {

// A backend as the shim's main() and the contract test know it. To add one: a folder, and a row in
// backends.cc.
struct BackendEntry {
  const char* name;
  std::unique_ptr<shim::Backend> (*make)(const shim::BackendContext& context);
};

absl::Span<const BackendEntry> AllBackends();

// Null if there is no backend of that name.
std::unique_ptr<shim::Backend> MakeBackend(absl::string_view name,
                                           const shim::BackendContext& context);

}  // namespace backends
