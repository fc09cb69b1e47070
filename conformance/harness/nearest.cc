// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/nearest.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <tuple>

namespace conformance {
namespace {

// How many letters of `word` must change so that it is a part of `candidate`.
std::size_t PartDistance(absl::string_view word, absl::string_view candidate) {
  std::vector<std::size_t> row(candidate.size() + 1, 0);  // the part begins anywhere
  for (std::size_t i = 0; i < word.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < candidate.size(); ++j) {
      const std::size_t replaced = diagonal + (word[i] == candidate[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return *std::min_element(row.begin(), row.end());
}

// Of two candidates with the same part the shorter is nearer.
struct Rank {
  std::size_t distance = 0;
  std::size_t length = 0;
  std::string candidate;
  bool operator<(const Rank& other) const {
    return std::tie(distance, length, candidate) <
           std::tie(other.distance, other.length, other.candidate);
  }
};

}  // namespace

std::vector<std::string> NearestWords(absl::string_view word,
                                      const std::set<std::string>& candidates, std::size_t count) {
  const std::size_t near = (word.size() + 2) / 3;  // a third of the letters may be wrong
  std::set<Rank> ranks;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = PartDistance(word, candidate);
    if (distance <= near) ranks.insert({distance, candidate.size(), candidate});
  }
  std::vector<std::string> nearest;
  for (const Rank& rank : ranks) {
    if (nearest.size() < count) nearest.push_back(rank.candidate);
  }
  return nearest;
}

std::string NearestHint(const std::vector<std::string>& nearest) {
  return nearest.empty() ? "" : absl::StrCat("; did you mean ", absl::StrJoin(nearest, ", "), "?");
}

}  // namespace conformance
