// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/coverage.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "conformance/harness/requirement.h"

namespace conformance {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> IdsOf(const std::vector<const Check*>& checks) {
  std::vector<std::string> ids;
  for (const Check* check : checks) ids.push_back(check->id);
  return ids;
}

TEST(CoverageTest, FindsEveryCheckOfARequirementOnce) {
  const std::vector<Check> checks = {
      {.id = "a/one", .requirements = {"EVT-20", "EVT-21", "EVT-20"}},
      {.id = "a/two", .requirements = {"EVT-20"}}};
  const Coverage coverage(checks);
  EXPECT_EQ(IdsOf(coverage.Of("EVT-20")), (std::vector<std::string>{"a/one", "a/two"}));
  EXPECT_EQ(IdsOf(coverage.Of("EVT-21")), (std::vector<std::string>{"a/one"}));
  EXPECT_TRUE(coverage.Of("EVT-22").empty());
}

TEST(CoverageTest, NamesWhatBreaksTheLaw) {
  const auto reasoned = std::find_if(Requirements().begin(), Requirements().end(),
                                     [](const Requirement& row) { return !row.unchecked.empty(); });
  ASSERT_NE(reasoned, Requirements().end());
  const std::string id(reasoned->id);
  const std::vector<Check> checks = {{.id = "a/one", .requirements = {"EVT-20", id}},
                                     {.id = "a/two", .requirements = {"EVT-99"}},
                                     {.id = "a/three"}};
  const std::vector<std::string> violations = Coverage(checks).Violations();
  EXPECT_THAT(violations, Contains(HasSubstr("EVT-21 has neither")));
  EXPECT_THAT(violations, Not(Contains(HasSubstr("EVT-20"))));
  EXPECT_THAT(violations, Contains(HasSubstr(id + " says why it has no check, but a/one")));
  EXPECT_THAT(violations, Contains(HasSubstr("a/two cites EVT-99")));
  EXPECT_THAT(violations, Contains("a/three cites no requirement"));
  EXPECT_THAT(violations, Not(Contains("a/one cites no requirement")));
}

TEST(CoverageTest, AReasonStandsForACheck) {
  const std::vector<Check> none;
  const std::vector<std::string> violations = Coverage(none).Violations();
  for (const Requirement& row : Requirements()) {
    const std::string missing = absl::StrCat(row.id, " has neither a check nor a reason");
    const bool named =
        std::any_of(violations.begin(), violations.end(),
                    [&missing](const std::string& one) { return absl::StartsWith(one, missing); });
    EXPECT_EQ(named, row.unchecked.empty()) << row.id;
  }
}

}  // namespace
}  // namespace conformance
