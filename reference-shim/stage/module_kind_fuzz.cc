// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "reference-shim/stage/module_kind.h"
#include "reference-shim/stage/start_section.h"

namespace {

void Demand(bool property) {
  if (!property) __builtin_trap();
}

}  // namespace

// The entry point of any image, before and after the compiler has looked at it: what a file is
// hangs on its head alone, and what is no sound binary is taken to start.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const stage::FileKind kind = stage::KindOfBytes(bytes.substr(0, stage::kFileKindBytes));
  Demand(!stage::FileKindName(kind).empty());
  const bool binary = kind == stage::FileKind::kModule || kind == stage::FileKind::kComponent;
  Demand(stage::HasStartSection(bytes) || binary);
  return 0;
}
