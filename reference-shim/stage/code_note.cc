// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/code_note.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/string_view.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "base/status_macros.h"

namespace stage {
namespace {

constexpr absl::string_view kTitle = "shimgauge wasm code 1";
constexpr absl::string_view kModule = "module";
constexpr absl::string_view kComponent = "component";
constexpr absl::string_view kPassive = "passive";
constexpr absl::string_view kStarts = "starts";

absl::Status Foreign() {
  return absl::FailedPreconditionError("not code that shimgauge-wasm-compile has made");
}

absl::StatusOr<CodeNote> Parse(absl::string_view text) {
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (lines.size() != 6 || lines[0] != kTitle || !lines[5].empty()) return Foreign();
  if (lines[3] != kModule && lines[3] != kComponent) return Foreign();
  if (lines[4] != kPassive && lines[4] != kStarts) return Foreign();
  return CodeNote{.engine = std::string(lines[1]),
                  .config = std::string(lines[2]),
                  .component = lines[3] == kComponent,
                  .starts = lines[4] == kStarts};
}

}  // namespace

std::string WriteCodeNote(const CodeNote& note) {
  std::string text = absl::StrCat(kTitle, "\n", note.engine, "\n", note.config, "\n",
                                  note.component ? kComponent : kModule, "\n",
                                  note.starts ? kStarts : kPassive, "\n");
  if (text.size() > kCodeNoteBytes) std::abort();
  text.resize(kCodeNoteBytes, '\0');
  return text;
}

absl::StatusOr<CodeNote> ReadCodeNote(int fd) {
  struct stat info = {};
  if (::fstat(fd, &info) != 0) return base::ErrnoStatus(errno, "fstat");
  if (info.st_size < off_t(kCodeNoteBytes)) return Foreign();
  std::array<char, kCodeNoteBytes> bytes;
  const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), info.st_size - off_t(kCodeNoteBytes));
  if (got < 0) return base::ErrnoStatus(errno, "read");
  absl::string_view text(bytes.data(), static_cast<std::size_t>(got));
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  return Parse(text);
}

}  // namespace stage
