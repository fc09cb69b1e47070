// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <optional>
#include <string>

#include "container/cgroup.h"
#include "reference-shim/backends/wasm/module_cache.h"
#include "reference-shim/shim/backend.h"

namespace backends {

// What all Wasm containers of one shim share; outlives them.
class WasmHost {
 public:
  explicit WasmHost(const shim::BackendContext& shim_context);

  // Looked up when first needed. Without any mounted, no container has a cgroup.
  const container::CgroupMounts& Cgroups();
  // Made when first needed; NOT_FOUND without the compiler.
  absl::StatusOr<ModuleCache*> Modules();
  // Path of shimgauge-stage; NOT_FOUND, saying where it was looked for.
  absl::StatusOr<std::string> StageProgram();

  const shim::BackendContext context;

 private:
  std::optional<container::CgroupMounts> cgroups_;
  std::unique_ptr<ModuleCache> modules_;
  std::string stage_program_;
};

// A program that belongs to the shim: beside its executable, else in PATH.
absl::StatusOr<std::string> FindCompanion(const std::string& name);

}  // namespace backends
