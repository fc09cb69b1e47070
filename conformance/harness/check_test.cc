// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance {
namespace {

Check Row(const std::string& id) {
  return {.id = id, .requirements = {"START-02"}, .tags = {"race"}, .run = [](CheckContext&) {}};
}

TEST(CheckTest, EachRowIsFollowedByItsDoubleInTheOlderDialect) {
  std::vector<Check> checks = {Row("a/first")};
  AddInEachDialect({Row("a/second"), Row("a/third")}, checks);
  ASSERT_EQ(checks.size(), 5u);
  EXPECT_EQ(checks[1].id, "a/second");
  EXPECT_EQ(checks[1].dialect, std::nullopt);
  EXPECT_EQ(checks[2].id, "a/second-in-the-legacy-dialect");
  EXPECT_EQ(checks[2].dialect, Dialect::kLegacy);
  EXPECT_EQ(checks[2].requirements, checks[1].requirements);
  EXPECT_EQ(checks[2].tags, checks[1].tags);
  EXPECT_TRUE(checks[2].run != nullptr);
  EXPECT_EQ(checks[3].id, "a/third");
  EXPECT_EQ(checks[4].id, "a/third-in-the-legacy-dialect");
}

TEST(CheckTest, DialectsHaveNames) {
  EXPECT_STREQ(DialectName(Dialect::kLegacy), "legacy");
  EXPECT_STREQ(DialectName(Dialect::kParams), "params");
}

TEST(CheckTest, EachRowIsFollowedByItsDoubleOverTheOtherVersion) {
  std::vector<Check> checks;
  AddOverEachTaskVersion({Row("a/row")}, checks);
  ASSERT_EQ(checks.size(), 2u);
  EXPECT_FALSE(checks[0].other_task_version);
  EXPECT_EQ(checks[1].id, "a/row-over-the-other-task-version");
  EXPECT_TRUE(checks[1].other_task_version);
}

}  // namespace
}  // namespace conformance
