// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/text_diff.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace conformance {
namespace {

constexpr std::size_t kContext = 3;

// Without their newlines. A last line that has none differs from one that has, by what diff and
// patch say of it.
std::vector<std::string> Lines(absl::string_view text) {
  if (text.empty()) return {};
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  if (lines.back().empty()) {
    lines.pop_back();
  } else {
    lines.back() += "\n\\ No newline at end of file";
  }
  return lines;
}

struct DiffLine {
  char sign = ' ';  // ' ', '-' or '+'
  absl::string_view text;
};

// The lines of both texts in order, by a longest common subsequence of what lies between the common
// beginning and the common end.
std::vector<DiffLine> Align(const std::vector<std::string>& before,
                            const std::vector<std::string>& after) {
  std::size_t begin = 0;
  while (begin < std::min(before.size(), after.size()) && before[begin] == after[begin]) ++begin;
  std::size_t end = 0;
  while (end < std::min(before.size(), after.size()) - begin &&
         before[before.size() - 1 - end] == after[after.size() - 1 - end]) {
    ++end;
  }
  const std::size_t rows = before.size() - begin - end;
  const std::size_t columns = after.size() - begin - end;
  // common[i][j]: length of the longest common subsequence from row i and column j on.
  std::vector<std::vector<std::size_t>> common(rows + 1, std::vector<std::size_t>(columns + 1, 0));
  for (std::size_t i = rows; i-- > 0;) {
    for (std::size_t j = columns; j-- > 0;) {
      common[i][j] = before[begin + i] == after[begin + j]
                         ? common[i + 1][j + 1] + 1
                         : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::vector<DiffLine> lines;
  for (std::size_t i = 0; i < begin; ++i) lines.push_back({' ', before[i]});
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < rows || j < columns) {
    if (i < rows && j < columns && before[begin + i] == after[begin + j]) {
      lines.push_back({' ', before[begin + i]});
      ++i;
      ++j;
    } else if (j == columns || (i < rows && common[i + 1][j] >= common[i][j + 1])) {
      lines.push_back({'-', before[begin + i++]});
    } else {
      lines.push_back({'+', after[begin + j++]});
    }
  }
  for (std::size_t k = before.size() - end; k < before.size(); ++k) {
    lines.push_back({' ', before[k]});
  }
  return lines;
}

// "3,7"; as diff has it, an empty range begins at the line before it.
std::string Range(std::size_t first, std::size_t count) {
  return absl::StrCat(count == 0 ? first : first + 1, ",", count);
}

}  // namespace

std::string UnifiedDiff(absl::string_view before, absl::string_view after, absl::string_view name) {
  if (before == after) return "";
  const std::vector<std::string> old_lines = Lines(before);
  const std::vector<std::string> new_lines = Lines(after);
  const std::vector<DiffLine> lines = Align(old_lines, new_lines);
  std::string text = absl::StrCat("--- ", name, "\n+++ ", name, "\n");
  std::size_t old_at = 0;
  std::size_t new_at = 0;
  for (std::size_t i = 0; i < lines.size();) {
    const auto changed = [&lines](std::size_t k) { return lines[k].sign != ' '; };
    // The next change, and how far its hunk reaches: to the last change with small gaps only.
    std::size_t first = i;
    while (first < lines.size() && !changed(first)) ++first;
    if (first == lines.size()) break;
    std::size_t last = first;
    for (std::size_t k = first; k < lines.size() && k <= last + 2 * kContext; ++k) {
      if (changed(k)) last = k;
    }
    const std::size_t start = std::max(i, first - std::min(first, kContext));
    const std::size_t stop = std::min(lines.size(), last + kContext + 1);
    old_at += start - i;
    new_at += start - i;
    std::size_t old_count = 0;
    std::size_t new_count = 0;
    std::string body;
    for (std::size_t k = start; k < stop; ++k) {
      if (lines[k].sign != '+') ++old_count;
      if (lines[k].sign != '-') ++new_count;
      absl::StrAppend(&body, std::string(1, lines[k].sign), lines[k].text, "\n");
    }
    absl::StrAppend(&text, "@@ -", Range(old_at, old_count), " +", Range(new_at, new_count),
                    " @@\n", body);
    old_at += old_count;
    new_at += new_count;
    i = stop;
  }
  return text;
}

}  // namespace conformance
