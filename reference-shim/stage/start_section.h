// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

namespace stage {

// Whether making an instance of a binary module or component executes code of the guest: a start
// section of its own, or of a module inside. What is not sound enough to tell counts as true.
bool HasStartSection(absl::string_view wasm);

}  // namespace stage
