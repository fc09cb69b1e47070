// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/regressions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace fakes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RegressionsTest : public ::testing::Test {
 protected:
  void SetUp() override { ::unsetenv("SHIMGAUGE_REGRESSION"); }
  void TearDown() override { ::unsetenv("SHIMGAUGE_REGRESSION"); }
};

TEST_F(RegressionsTest, EachButTheFirstDoesSomethingThatAMetricShows) {
  std::set<absl::string_view> names;
  for (const Regression& regression : AllRegressions()) {
    EXPECT_TRUE(names.insert(regression.defect.name).second) << regression.defect.name;
    EXPECT_EQ(regression.defect.rules.empty(), regression.defect.name == "none");
    EXPECT_EQ(regression.metrics.empty(), regression.defect.name == "none");
    EXPECT_EQ(FindRegression(regression.defect.name), &regression);
  }
  EXPECT_EQ(FindRegression("start"), nullptr);
}

TEST_F(RegressionsTest, IsTakenFromTheCommandLineAndInherited) {
  std::vector<std::string> args = {"--regression=fork-per-exec", "-id", "c", "start"};
  const auto taken = TakeRegression(args);
  ASSERT_TRUE(taken.ok()) << taken.status();
  ASSERT_TRUE(taken->has_value());
  EXPECT_THAT((*taken)->rules, ElementsAre("fork exec"));
  EXPECT_THAT(args, ElementsAre("-id", "c", "start"));

  std::vector<std::string> of_the_daemon = {"-id", "c"};
  const auto inherited = TakeRegression(of_the_daemon);
  ASSERT_TRUE(inherited.ok() && inherited->has_value());
  EXPECT_EQ((*inherited)->fault->name, "fork-per-exec");
}

TEST_F(RegressionsTest, NoneIsARequestWithoutRules) {
  std::vector<std::string> args = {"--regression=none"};
  const auto taken = TakeRegression(args);
  ASSERT_TRUE(taken.ok() && taken->has_value());
  EXPECT_THAT((*taken)->rules, IsEmpty());
}

TEST_F(RegressionsTest, WithoutTheOptionThereIsNone) {
  std::vector<std::string> args = {"--fault=x"};
  const auto taken = TakeRegression(args);
  ASSERT_TRUE(taken.ok());
  EXPECT_FALSE(taken->has_value());
  EXPECT_THAT(args, ElementsAre("--fault=x"));
}

TEST_F(RegressionsTest, AnUnknownOneIsRefusedWithTheNamesThereAre) {
  std::vector<std::string> args = {"--regression=slow"};
  EXPECT_THAT(std::string(TakeRegression(args).status().message()),
              HasSubstr("no 'slow', expected one of none, start-10-percent"));
}

}  // namespace
}  // namespace fakes
