// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/start_section.h"

#include <absl/types/optional.h>

#include <cstddef>
#include <cstdint>

#include "reference-shim/stage/module_kind.h"

namespace stage {
namespace {

constexpr std::size_t kPreambleBytes = 8;
// Components nest; the engine accepts some hundred levels and real ones have three.
constexpr int kDepthMax = 64;

constexpr std::uint8_t kModuleStartSection = 8;
constexpr std::uint8_t kComponentModuleSection = 1;
constexpr std::uint8_t kComponentComponentSection = 4;
constexpr std::uint8_t kComponentStartSection = 9;

// LEB128, 32 bits.
absl::optional<std::uint32_t> TakeSize(absl::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (bytes.empty()) return absl::nullopt;
    const auto byte = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80U) == 0) {
      if (value > UINT32_MAX) return absl::nullopt;
      return static_cast<std::uint32_t>(value);
    }
  }
  return absl::nullopt;
}

bool Starts(absl::string_view wasm, int depth) {
  const FileKind kind = KindOfBytes(wasm);
  if ((kind != FileKind::kModule && kind != FileKind::kComponent) || depth > kDepthMax) return true;
  const bool component = kind == FileKind::kComponent;
  wasm.remove_prefix(kPreambleBytes);
  while (!wasm.empty()) {
    const auto id = static_cast<std::uint8_t>(wasm.front());
    wasm.remove_prefix(1);
    const absl::optional<std::uint32_t> size = TakeSize(wasm);
    if (!size.has_value() || *size > wasm.size()) return true;
    const absl::string_view section = wasm.substr(0, *size);
    wasm.remove_prefix(*size);
    if (id == (component ? kComponentStartSection : kModuleStartSection)) return true;
    const bool nested =
        component && (id == kComponentModuleSection || id == kComponentComponentSection);
    if (nested && Starts(section, depth + 1)) return true;
  }
  return false;
}

}  // namespace

bool HasStartSection(absl::string_view wasm) { return Starts(wasm, 0); }

}  // namespace stage
