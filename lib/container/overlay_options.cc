// SPDX-License-Identifier: Apache-2.0
#include "container/overlay_options.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/string_view.h>

#include <algorithm>
#include <cstddef>

namespace container {
namespace {

constexpr absl::string_view kLowerDir = "lowerdir=";

// Directories are separated by colons; a backslash makes the next character part of a name.
std::vector<std::string> SplitLowerDirs(absl::string_view value) {
  std::vector<std::string> dirs(1);
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == ':') {
      dirs.emplace_back();
      continue;
    }
    if (value[i] == '\\' && i + 1 < value.size()) dirs.back().push_back(value[i++]);
    dirs.back().push_back(value[i]);
  }
  return dirs;
}

// Length of the longest prefix of all that ends before a slash; 0 if only "/" is common.
std::size_t CommonDirectoryLength(const std::vector<std::string>& dirs) {
  std::size_t common = dirs.front().size();
  for (const std::string& dir : dirs) {
    const auto limit = static_cast<std::ptrdiff_t>(std::min(common, dir.size()));
    const auto end =
        std::mismatch(dir.begin(), dir.begin() + limit, dirs.front().begin()).first - dir.begin();
    common = static_cast<std::size_t>(end);
  }
  const std::size_t slash = dirs.front().substr(0, common).rfind('/');
  return slash == std::string::npos ? 0 : slash;
}

}  // namespace

OverlayData ShortenLowerDirs(const std::vector<std::string>& options) {
  OverlayData shortened{.directory = "", .data = absl::StrJoin(options, ",")};
  const auto lower = std::find_if(options.begin(), options.end(), [](const std::string& word) {
    return absl::StartsWith(word, kLowerDir);
  });
  if (lower == options.end()) return shortened;
  std::vector<std::string> dirs = SplitLowerDirs(lower->substr(kLowerDir.size()));
  const bool absolute = std::all_of(
      dirs.begin(), dirs.end(), [](const std::string& dir) { return absl::StartsWith(dir, "/"); });
  const std::size_t common = absolute ? CommonDirectoryLength(dirs) : 0;
  // A backslash in the common part is an escape for overlayfs but not for chdir.
  if (common == 0 || dirs.front().substr(0, common).find('\\') != std::string::npos) {
    return shortened;
  }
  shortened.directory = dirs.front().substr(0, common);
  for (std::string& dir : dirs) dir.erase(0, common + 1);
  std::vector<std::string> words = options;
  words[static_cast<std::size_t>(lower - options.begin())] =
      absl::StrCat(kLowerDir, absl::StrJoin(dirs, ":"));
  shortened.data = absl::StrJoin(words, ",");
  return shortened;
}

}  // namespace container
