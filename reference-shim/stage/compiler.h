// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include "reference-shim/stage/wasm_config.h"

namespace stage {

// Compiles `module` (a module or component, binary or text) for this CPU and writes what
// WasmEngine::Load takes to `output`, at its position. INVALID_ARGUMENT says what is wrong with the
// module; RESOURCE_EXHAUSTED: the file size limit or a full disk.
absl::Status CompileModule(absl::string_view module, const WasmConfig& config, int output);

}  // namespace stage
