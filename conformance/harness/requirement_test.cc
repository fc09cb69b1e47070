// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/requirement.h"

#include <absl/strings/ascii.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

namespace conformance {
namespace {

// EVT-20, V24-05
bool IsWellFormed(absl::string_view id) {
  const std::size_t dash = id.find('-');
  if (dash == absl::string_view::npos || dash < 2 || id.size() != dash + 3) return false;
  const auto is_word = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_isupper(byte) || absl::ascii_isdigit(byte);
  };
  return std::all_of(id.begin(), id.begin() + static_cast<std::ptrdiff_t>(dash), is_word) &&
         absl::ascii_isdigit(static_cast<unsigned char>(id[dash + 1])) &&
         absl::ascii_isdigit(static_cast<unsigned char>(id[dash + 2]));
}

TEST(RequirementTest, IdsAreWellFormedUniqueAndSorted) {
  const std::vector<Requirement>& rows = Requirements();
  ASSERT_GT(rows.size(), 300u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_TRUE(IsWellFormed(rows[i].id)) << rows[i].id;
    if (i > 0) {
      EXPECT_LT(rows[i - 1].id, rows[i].id);
    }
  }
}

TEST(RequirementTest, WordingIsOneSentenceAndSourcesAreGiven) {
  for (const Requirement& row : Requirements()) {
    ASSERT_FALSE(row.wording.empty()) << row.id;
    EXPECT_EQ(row.wording.back(), '.') << row.id;
    EXPECT_LE(row.wording.size(), 160u) << row.id;
    EXPECT_EQ(row.wording.find('\n'), absl::string_view::npos) << row.id;
    EXPECT_FALSE(row.source.empty()) << row.id;
  }
}

TEST(RequirementTest, LookupFindsEveryRowAndNothingElse) {
  for (const Requirement& row : Requirements()) {
    ASSERT_NE(LookupRequirement(row.id), nullptr) << row.id;
    EXPECT_EQ(LookupRequirement(row.id)->id, row.id);
  }
  EXPECT_EQ(LookupRequirement("EVT-99"), nullptr);
  EXPECT_EQ(LookupRequirement(""), nullptr);
  EXPECT_EQ(LookupRequirement("ZZZ-01"), nullptr);
}

}  // namespace
}  // namespace conformance
