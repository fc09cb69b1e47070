// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/module_kind.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/strip.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/status_macros.h"

namespace stage {
namespace {

// Literals with their NULs.
template <std::size_t size>
constexpr absl::string_view Bytes(const char (&literal)[size]) {
  return {literal, size - 1};
}

constexpr absl::string_view kWasmMagic = Bytes("\0asm");
constexpr absl::string_view kModuleVersion = Bytes("\1\0\0\0");
constexpr absl::string_view kComponentVersion = Bytes("\x0d\0\1\0");

constexpr absl::string_view kElfMagic = Bytes(
    "\x7f"
    "ELF");
constexpr std::size_t kElfOsAbiAt = 7;
constexpr char kElfOsAbiWasmtime = static_cast<char>(200);

// What follows blanks, ";; line" and "(; nested (; blocks ;) ;)".
absl::string_view SkipBlanksAndComments(absl::string_view text) {
  while (true) {
    text = absl::StripLeadingAsciiWhitespace(text);
    if (absl::StartsWith(text, ";;")) {
      const std::size_t end = text.find('\n');
      if (end == absl::string_view::npos) return "";
      text.remove_prefix(end);
    } else if (absl::StartsWith(text, "(;")) {
      int depth = 0;
      do {
        if (text.size() < 2) return "";
        const bool opens = absl::StartsWith(text, "(;");
        const bool closes = absl::StartsWith(text, ";)");
        depth += opens ? 1 : closes ? -1 : 0;
        text.remove_prefix(opens || closes ? 2 : 1);
      } while (depth > 0);
    } else {
      return text;
    }
  }
}

bool IsWasmText(absl::string_view text) {
  text = SkipBlanksAndComments(text);
  if (!absl::ConsumePrefix(&text, "(")) return false;
  text = SkipBlanksAndComments(text);
  for (const absl::string_view keyword : {"module", "component"}) {
    if (!absl::StartsWith(text, keyword)) continue;
    const absl::string_view rest = text.substr(keyword.size());
    // "(moduleX" is another word.
    return rest.empty() || absl::ascii_isspace(static_cast<unsigned char>(rest.front())) ||
           rest.front() == '(' || rest.front() == ')' || rest.front() == ';';
  }
  return false;
}

}  // namespace

FileKind KindOfBytes(absl::string_view head) {
  if (absl::StartsWith(head, kWasmMagic)) {
    const absl::string_view version = head.substr(kWasmMagic.size());
    if (absl::StartsWith(version, kModuleVersion)) return FileKind::kModule;
    if (absl::StartsWith(version, kComponentVersion)) return FileKind::kComponent;
    return FileKind::kForeignWasm;
  }
  if (absl::StartsWith(head, kElfMagic)) {
    const bool engine = head.size() > kElfOsAbiAt && head[kElfOsAbiAt] == kElfOsAbiWasmtime;
    return engine ? FileKind::kPrecompiled : FileKind::kElf;
  }
  return IsWasmText(head) ? FileKind::kText : FileKind::kOther;
}

absl::StatusOr<FileKind> KindOfFile(int fd) {
  struct stat info = {};
  if (::fstat(fd, &info) != 0) return base::ErrnoStatus(errno, "fstat");
  if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError("not a regular file");
  std::array<char, kFileKindBytes> head;
  std::size_t size = 0;
  while (size < head.size()) {
    const ssize_t got = ::pread(fd, head.data() + size, head.size() - size, off_t(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::ErrnoStatus(errno, "read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return KindOfBytes({head.data(), size});
}

absl::string_view FileKindName(FileKind kind) {
  switch (kind) {
    case FileKind::kModule:
      return "Wasm module";
    case FileKind::kComponent:
      return "Wasm component";
    case FileKind::kForeignWasm:
      return "Wasm of an unknown version";
    case FileKind::kText:
      return "Wasm text";
    case FileKind::kPrecompiled:
      return "precompiled Wasm";
    case FileKind::kElf:
      return "ELF file";
    case FileKind::kOther:
      break;
  }
  return "no Wasm";
}

}  // namespace stage
