// SPDX-License-Identifier: Apache-2.0
#include "fakes/module_fuzz/wasm_sections.h"

#include <absl/strings/match.h>

#include <cstddef>

namespace fakes {
namespace {

constexpr std::size_t kHeaderBytes = 8;
constexpr std::size_t kLebBytesMax = 5;

std::optional<std::uint32_t> TakeLeb128(absl::string_view& rest) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < kLebBytesMax && i < rest.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(rest[i]);
    value |= static_cast<std::uint32_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) != 0) continue;
    rest.remove_prefix(i + 1);
    return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<WasmSections> SplitSections(absl::string_view module) {
  if (module.size() < kHeaderBytes || !absl::StartsWith(module, absl::string_view("\0asm", 4))) {
    return std::nullopt;
  }
  WasmSections split{.header = std::string(module.substr(0, kHeaderBytes)), .sections = {}};
  absl::string_view rest = module.substr(kHeaderBytes);
  while (!rest.empty()) {
    const auto id = static_cast<std::uint8_t>(rest[0]);
    rest.remove_prefix(1);
    const std::optional<std::uint32_t> size = TakeLeb128(rest);
    if (!size || *size > rest.size()) return std::nullopt;
    split.sections.push_back({.id = id, .payload = std::string(rest.substr(0, *size))});
    rest.remove_prefix(*size);
  }
  return split;
}

std::string JoinSections(const WasmSections& sections) {
  std::string module = sections.header;
  for (const WasmSection& section : sections.sections) {
    module.push_back(static_cast<char>(section.id));
    module +=
        Leb128(section.told_size.value_or(static_cast<std::uint32_t>(section.payload.size())));
    module += section.payload;
  }
  return module;
}

std::string Leb128(std::uint32_t value, bool padded) {
  std::string bytes;
  do {
    const std::uint32_t low = value & 0x7f;
    value >>= 7;
    const bool more = value != 0 || (padded && bytes.size() + 1 < kLebBytesMax);
    bytes.push_back(static_cast<char>(low | (more ? 0x80U : 0U)));
    if (!more) return bytes;
  } while (true);
}

}  // namespace fakes
