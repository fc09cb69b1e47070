// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fakes {

// A WebAssembly binary as far as its frame goes: a header of 8 bytes, then sections.
struct WasmSection {
  std::uint8_t id = 0;
  std::string payload;
  // What its size says where that is not the truth.
  std::optional<std::uint32_t> told_size = {};
  friend bool operator==(const WasmSection&, const WasmSection&) = default;
};
struct WasmSections {
  std::string header;
  std::vector<WasmSection> sections;
  friend bool operator==(const WasmSections&, const WasmSections&) = default;
};

// nullopt for what has no such frame.
std::optional<WasmSections> SplitSections(absl::string_view module);
std::string JoinSections(const WasmSections& sections);

// An unsigned number as modules have it; `padded`: in 5 bytes, whatever it is.
std::string Leb128(std::uint32_t value, bool padded = false);

}  // namespace fakes
