// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/utf8.h"

#include <cstdint>

namespace ttrpc {
namespace {

struct Range {
  std::uint8_t low;
  std::uint8_t high;
  [[nodiscard]] bool Contains(std::uint8_t byte) const { return byte >= low && byte <= high; }
};

struct Sequence {
  Range lead;
  Range second;  // narrower than 80..BF where overlong forms or surrogates would fit
  std::size_t bytes;
};

constexpr Range kTail = {0x80, 0xBF};
constexpr Sequence kSequences[] = {
    {{0xC2, 0xDF}, kTail, 2}, {{0xE0, 0xE0}, {0xA0, 0xBF}, 3},
    {{0xE1, 0xEC}, kTail, 3}, {{0xED, 0xED}, {0x80, 0x9F}, 3},
    {{0xEE, 0xEF}, kTail, 3}, {{0xF0, 0xF0}, {0x90, 0xBF}, 4},
    {{0xF1, 0xF3}, kTail, 4}, {{0xF4, 0xF4}, {0x80, 0x8F}, 4},
};

// Bytes of the well-formed multi-byte sequence that `text` starts with, or 0.
std::size_t SequenceBytes(absl::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  for (const Sequence& sequence : kSequences) {
    if (!sequence.lead.Contains(byte(0))) continue;
    if (text.size() < sequence.bytes || !sequence.second.Contains(byte(1))) return 0;
    for (std::size_t i = 2; i < sequence.bytes; ++i) {
      if (!kTail.Contains(byte(i))) return 0;
    }
    return sequence.bytes;
  }
  return 0;
}

}  // namespace

std::size_t Utf8PrefixBytes(absl::string_view text) {
  std::size_t good = 0;
  while (good < text.size()) {
    if (static_cast<std::uint8_t>(text[good]) < 0x80) {
      ++good;
      continue;
    }
    const std::size_t bytes = SequenceBytes(text.substr(good));
    if (bytes == 0) break;
    good += bytes;
  }
  return good;
}

std::string ToUtf8(absl::string_view text) {
  std::string out;
  while (true) {
    const std::size_t good = Utf8PrefixBytes(text);
    out.append(text.data(), good);
    if (good == text.size()) return out;
    out += "\xEF\xBF\xBD";
    text.remove_prefix(good + 1);
  }
}

}  // namespace ttrpc
