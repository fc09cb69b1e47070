// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/stdio_uri.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <optional>

namespace shim {
namespace {

using Scheme = StdioUri::Scheme;

absl::Status Refuse(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("stdio \"", absl::CEscape(text), "\": ", why));
}

std::optional<Scheme> FindScheme(absl::string_view name) {
  if (name == "fifo") return Scheme::kPath;
  if (name == "file") return Scheme::kFile;
  if (name == "binary") return Scheme::kBinary;
  if (name == "binary-v2") return Scheme::kBinaryV2;
  return std::nullopt;
}

// Undoes %XX, and '+' in queries. A decoded zero byte is refused: it would cut a path.
std::optional<std::string> Decode(absl::string_view text, bool in_query) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_query && text[i] == '+') {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      const absl::string_view digits = text.substr(i + 1, 2);
      if (digits.size() != 2 || !absl::ascii_isxdigit(static_cast<unsigned char>(digits[0])) ||
          !absl::ascii_isxdigit(static_cast<unsigned char>(digits[1])) || digits == "00") {
        return std::nullopt;
      }
      decoded += absl::HexStringToBytes(digits);
      i += 2;
    }
  }
  return decoded;
}

bool ParseQuery(absl::string_view text, StdioUri& uri) {
  for (const absl::string_view pair : absl::StrSplit(text, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    std::optional<std::string> key = Decode(parts.first, true);
    std::optional<std::string> value = Decode(parts.second, true);
    if (!key || !value) return false;
    uri.query.emplace_back(*std::move(key), *std::move(value));
  }
  return true;
}

}  // namespace

absl::StatusOr<StdioUri> ParseStdioUri(absl::string_view text) {
  StdioUri uri;
  if (text.empty()) return uri;
  if (text.find('\0') != absl::string_view::npos) return Refuse(text, "contains a zero byte");
  const std::size_t colon = text.find("://");
  if (colon == absl::string_view::npos || text[0] == '/') {
    uri.scheme = Scheme::kPath;
    uri.path = std::string(text);
    return uri;
  }
  const absl::string_view name = text.substr(0, colon);
  const std::optional<Scheme> scheme = FindScheme(name);
  if (!scheme) return Refuse(text, absl::StrCat("unknown scheme \"", absl::CEscape(name), "\""));
  uri.scheme = *scheme;
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text.substr(colon + 3), absl::MaxSplits('?', 1));
  std::optional<std::string> path = Decode(parts.first, false);
  if (!path || !ParseQuery(parts.second, uri)) return Refuse(text, "malformed escape");
  uri.path = *std::move(path);
  if (uri.path.empty() || uri.path[0] != '/') return Refuse(text, "the path must be absolute");
  return uri;
}

}  // namespace shim
