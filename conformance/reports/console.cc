// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/console.h"

#include <absl/strings/str_cat.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace conformance {
namespace {

constexpr char kErase[] = "\r\x1b[2K";

std::size_t TerminalWidth() {
  struct winsize size {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// The first `width` characters of UTF-8 text, each counted as one column.
std::string Cut(const std::string& text, std::size_t width) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0u) != 0x80u;
    if (starts && columns++ == width) return text.substr(0, i);
  }
  return text;
}

}  // namespace

Console::~Console() { SetStatus(""); }

Console::Options Console::StandardOutputOptions() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || absl::string_view(terminal) == "dumb";
  const bool live = ::isatty(STDOUT_FILENO) == 1 && !dumb;
  return {.live = live,
          .colour = live && (no_colour == nullptr || absl::string_view(no_colour).empty())};
}

void Console::Print(absl::string_view text) {
  if (line_.empty()) return output_->Write(text);
  output_->Write(absl::StrCat(kErase, text, line_));
}

void Console::SetStatus(std::string line) {
  if (!options_.live) return;
  line = Cut(line, TerminalWidth() - 1);
  if (line == line_) return;
  output_->Write(absl::StrCat(line_.empty() ? "" : kErase, line));
  line_ = std::move(line);
}

std::string Console::Paint(Colour colour, absl::string_view text) const {
  if (!options_.colour || colour == Colour::kNone) return std::string(text);
  const char* code = colour == Colour::kGood ? "32" : colour == Colour::kBad ? "1;31" : "2";
  return absl::StrCat("\x1b[", code, "m", text, "\x1b[0m");
}

}  // namespace conformance
