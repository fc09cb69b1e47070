// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/markup.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "conformance/reports/evidence.h"
#include "conformance/reports/utf8.h"

namespace conformance {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

}  // namespace

std::string XmlText(absl::string_view text) {
  std::string xml;
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    const bool control = length == 1 && static_cast<unsigned char>(text[0]) < 0x20 &&
                         text[0] != '\t' && text[0] != '\n' && text[0] != '\r';
    if (length == 0 || control) {
      xml += kReplacement;
    } else if (text[0] == '&') {
      xml += "&amp;";
    } else if (text[0] == '<') {
      xml += "&lt;";
    } else if (text[0] == '>') {
      xml += "&gt;";
    } else if (text[0] == '"') {
      xml += "&quot;";
    } else {
      xml.append(text.data(), length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return xml;
}

std::string MarkdownText(absl::string_view text) {
  std::string markdown;
  for (const char c : Printable(text)) {
    if (absl::string_view("\\`*_{}[]<>#|~").find(c) != absl::string_view::npos) {
      markdown.push_back('\\');
    }
    // A backslash does not keep "&lt;" from being read as markup, an entity does.
    if (c == '&') {
      markdown += "&amp;";
    } else {
      markdown.push_back(c);
    }
  }
  return markdown;
}

std::string MarkdownBlock(absl::string_view text) {
  std::size_t longest = 2;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  const bool ended = !text.empty() && text.back() == '\n';
  return absl::StrCat(fence, "text\n", text, ended ? "" : "\n", fence, "\n");
}

std::string Shortened(absl::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;
  return absl::StrCat(text.substr(0, end), "...");
}

}  // namespace conformance
