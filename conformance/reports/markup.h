// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <cstddef>
#include <string>

// Text of a shim, of the host or of a catalogue made harmless in somebody else's format. What has
// control characters or is no UTF-8 should pass Printable() first, where the format has no way to
// write it.

namespace conformance {

// Text for XML 1.0 and HTML content and attributes: markup escaped; characters XML does not know,
// invalid UTF-8 included, become U+FFFD.
std::string XmlText(absl::string_view text);

// Text within a line or a table cell of Markdown, as GitHub renders it: no markup, one line.
std::string MarkdownText(absl::string_view text);
// A fenced block that shows `text` as it is, whatever fences it holds itself.
std::string MarkdownBlock(absl::string_view text);

// The first bytes of `text`, at most `limit`, cut between characters, and "..." if that is not all.
std::string Shortened(absl::string_view text, std::size_t limit);

}  // namespace conformance
