// SPDX-License-Identifier: Apache-2.0
#include "container/mount_table.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <utility>

#include "base/kernel_file.h"
#include "base/status_macros.h"

namespace container {
namespace {

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

// Blanks, newlines and backslashes of a name appear as \ooo.
std::string Unescape(absl::string_view field) {
  std::string text;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 3 < field.size() && IsOctal(field[i + 1]) &&
        IsOctal(field[i + 2]) && IsOctal(field[i + 3])) {
      const int value = (field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 + (field[i + 3] - '0');
      text.push_back(static_cast<char>(value));
      i += 3;
    } else {
      text.push_back(field[i]);
    }
  }
  return text;
}

}  // namespace

std::vector<MountEntry> ParseMountInfo(absl::string_view mountinfo) {
  constexpr std::size_t kRoot = 3;
  constexpr std::size_t kMountPoint = 4;
  constexpr std::size_t kFirstOptional = 6;
  std::vector<MountEntry> entries;
  for (const absl::string_view line : absl::StrSplit(mountinfo, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
    // A variable number of optional fields ends at a lone dash; type, source and options follow.
    const auto dash = std::find(fields.begin() + std::min(kFirstOptional, fields.size()),
                                fields.end(), absl::string_view("-"));
    if (fields.end() - dash < 4) continue;
    entries.push_back({.root = Unescape(fields[kRoot]),
                       .mount_point = Unescape(fields[kMountPoint]),
                       .type = Unescape(dash[1]),
                       .source = Unescape(dash[2]),
                       .super_options = Unescape(dash[3])});
  }
  return entries;
}

absl::StatusOr<std::vector<MountEntry>> ReadMountTable(const std::string& proc) {
  ASSIGN_OR_RETURN(const std::string text,
                   base::ReadKernelFile(absl::StrCat(proc, "/self/mountinfo")));
  return ParseMountInfo(text);
}

}  // namespace container
