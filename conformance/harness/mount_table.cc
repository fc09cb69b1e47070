// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/mount_table.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>

#include <utility>

#include "base/kernel_file.h"
#include "base/status_macros.h"

namespace conformance {
namespace {

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

// Blanks and backslashes in paths are written as \ooo.
std::string Unescape(absl::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && IsOctal(text[i + 1]) && IsOctal(text[i + 2]) &&
        IsOctal(text[i + 3])) {
      const int value = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
      plain.push_back(static_cast<char>(value));
      i += 3;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

}  // namespace

std::vector<MountEntry> ParseMountTable(absl::string_view mountinfo) {
  std::vector<MountEntry> entries;
  for (const absl::string_view line : absl::StrSplit(mountinfo, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
    // id parent device root mount-point options [optional...] - type source super-options
    std::size_t dash = 6;
    while (dash < fields.size() && fields[dash] != "-") ++dash;
    MountEntry entry;
    if (dash + 3 >= fields.size() || !absl::SimpleAtoi(fields[0], &entry.id)) continue;
    entry.mount_point = Unescape(fields[4]);
    entry.fs_type = std::string(fields[dash + 1]);
    entry.source = Unescape(fields[dash + 2]);
    entry.super_options = std::string(fields[dash + 3]);
    entries.push_back(std::move(entry));
  }
  return entries;
}

absl::StatusOr<std::vector<MountEntry>> ReadMountTable() {
  ASSIGN_OR_RETURN(const std::string text, base::ReadKernelFile("/proc/self/mountinfo"));
  return ParseMountTable(text);
}

}  // namespace conformance
