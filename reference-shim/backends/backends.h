// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/types/span.h>

#include <memory>

#include "reference-shim/shim/backend.h"

namespace backends {

// A backend as the contract test knows it; which one a container gets, task_backend.cc says. To add
// one: a folder, and a row in backends.cc.
struct BackendEntry {
  const char* name;
  std::unique_ptr<shim::Backend> (*make)(const shim::BackendContext& context);
};

absl::Span<const BackendEntry> AllBackends();

}  // namespace backends
