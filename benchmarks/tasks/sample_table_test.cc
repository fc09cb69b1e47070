// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/tasks/sample_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace benchmarks::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

SampleTable Filled() {
  SampleTable table("ms", 1, 7);
  for (int round = 1; round <= 9; ++round) {
    table.Add("life", "ours", 3.0 * round);
    table.Add("exit", "ours", 1.0);
    table.Add("life", "floor", 1.0 * round);
  }
  return table;
}

TEST(SampleTableTest, RatiosArePairedByRound) {
  // Unpaired, samples from 1 to 9 would leave an interval around the ratio of 3.
  EXPECT_THAT(
      Filled().Markdown({.side = "floor"}),
      HasSubstr("| life | ours | 3.0 | 15.0 | 6.0 – 24.0 | 24.6 | × 3.00 [3.00, 3.00] |\n"));
}

TEST(SampleTableTest, DifferencesHaveASign) {
  SampleTable table("us", 0, 7);
  table.Add("load", "cold", 30);
  table.Add("load", "warm", 10);
  EXPECT_THAT(table.Markdown({.side = "warm", .difference = true}),
              HasSubstr("| load | cold | 30 | 30 | 30 – 30 | 30 | +20 [+20, +20] |\n"));
}

TEST(SampleTableTest, RowsOfAFigureStandTogether) {
  const std::string text = Filled().Markdown({.side = "floor"});
  EXPECT_LT(text.find("| life | floor |"), text.find("| exit | ours |"));
}

TEST(SampleTableTest, WithoutTheOtherSideNothingIsCompared) {
  EXPECT_THAT(Filled().Markdown({.side = "floor"}),
              HasSubstr("| exit | ours | 1.0 | 1.0 | 1.0 – 1.0 | 1.0 | – |"));
  EXPECT_THAT(Filled().Markdown({}), HasSubstr("| p90 |\n|---|---|---|---|---|---|\n| life |"));
  EXPECT_THAT(Filled().Markdown({}), Not(HasSubstr("×")));
}

TEST(SampleTableTest, SamplesAreKeptInOrder) {
  EXPECT_THAT(Filled().Samples("life", "floor"), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_THAT(Filled().Samples("life", "nobody"), IsEmpty());
  EXPECT_THAT(Filled().Samples("nothing", "floor"), IsEmpty());
}

}  // namespace
}  // namespace benchmarks::tasks
