// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/nearest.h"

#include <absl/strings/match.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace conformance {
namespace {

std::size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

// Smaller is nearer. A part that is spelled right counts for more than a similar whole.
std::size_t Distance(absl::string_view word, absl::string_view candidate) {
  const std::size_t distance = EditDistance(word, candidate);
  return absl::StrContains(candidate, word) ? distance / 4 : distance;
}

}  // namespace

std::vector<std::string> NearestWords(absl::string_view word,
                                      const std::set<std::string>& candidates, std::size_t count) {
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const std::string& candidate : candidates) {
    ranked.emplace_back(Distance(word, candidate), candidate);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> nearest;
  for (std::size_t i = 0; i < std::min(count, ranked.size()); ++i) {
    nearest.push_back(ranked[i].second);
  }
  return nearest;
}

}  // namespace conformance
