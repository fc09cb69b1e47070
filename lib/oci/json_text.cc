// SPDX-License-Identifier: Apache-2.0
#include "oci/json_text.h"

#include <cstddef>

namespace oci {
namespace {

constexpr absl::string_view kReplacement = "\xef\xbf\xbd";

bool IsContinuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

// Bytes of the UTF-8 character that `text` begins with; 0 if it begins with none.
std::size_t CharacterBytes(absl::string_view text) {
  const auto at = [&](std::size_t i) -> unsigned char {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
  };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return IsContinuation(at(1)) ? 2 : 0;
  if (first >= 0xe0 && first < 0xf0) {
    const bool overlong = first == 0xe0 && at(1) < 0xa0;
    const bool surrogate = first == 0xed && at(1) >= 0xa0;
    return IsContinuation(at(1)) && IsContinuation(at(2)) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first < 0xf5) {
    const bool overlong = first == 0xf0 && at(1) < 0x90;
    const bool beyond = first == 0xf4 && at(1) >= 0x90;
    return IsContinuation(at(1)) && IsContinuation(at(2)) && IsContinuation(at(3)) && !overlong &&
                   !beyond
               ? 4
               : 0;
  }
  return 0;
}

void AppendControl(char c, std::string& out) {
  constexpr absl::string_view kNamed = "\b\f\n\r\t";
  constexpr absl::string_view kLetters = "bfnrt";
  constexpr absl::string_view kHex = "0123456789abcdef";
  out.push_back('\\');
  const std::size_t named = kNamed.find(c);
  if (named != absl::string_view::npos) {
    out.push_back(kLetters[named]);
    return;
  }
  out.append("u00");
  out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
  out.push_back(kHex[static_cast<unsigned char>(c) & 15]);
}

}  // namespace

std::string JsonQuote(absl::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  out.push_back('"');
  while (!text.empty()) {
    const char c = text[0];
    const std::size_t bytes = CharacterBytes(text);
    if (bytes == 0) {
      out.append(kReplacement.data(), kReplacement.size());
    } else if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      AppendControl(c, out);
    } else {
      out.append(text.data(), bytes);
    }
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  out.push_back('"');
  return out;
}

}  // namespace oci
