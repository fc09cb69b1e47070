// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/chart_axis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace benchmarks {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(ChartAxisTest, HoldsTheValuesWithRoundTicks) {
  const ChartAxis axis = MakeChartAxis({1.31, 1.42, 1.37}, 5);
  EXPECT_LT(axis.low, 1.31);
  EXPECT_GT(axis.high, 1.42);
  ASSERT_THAT(axis.ticks, SizeIs(::testing::Ge(3U)));
  EXPECT_NEAR(axis.ticks[1] - axis.ticks[0], 0.02, 1e-9);
  EXPECT_GT(axis.Place(1.42), axis.Place(1.31));
  EXPECT_EQ(axis.Place(99), 1);
  EXPECT_EQ(axis.Place(-99), 0);
}

TEST(ChartAxisTest, DoesNotBeginBelowZeroForWhatIsNotNegative) {
  EXPECT_EQ(MakeChartAxis({0, 10}, 5).low, 0);
  EXPECT_LT(MakeChartAxis({-3, 10}, 5).low, -3);
}

TEST(ChartAxisTest, AFewFarValuesDoNotSqueezeTheOthers) {
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(100 + i % 10);
  values.push_back(2000);
  const ChartAxis axis = MakeChartAxis(values, 5);
  EXPECT_FALSE(axis.logarithmic);
  EXPECT_LT(axis.high, 150);
}

TEST(ChartAxisTest, IsLogarithmicOverManySizes) {
  const ChartAxis axis = MakeChartAxis({0.5, 40, 800}, 5);
  ASSERT_TRUE(axis.logarithmic);
  EXPECT_THAT(axis.ticks, ElementsAre(1, 10, 100, 1000));
  EXPECT_NEAR(axis.Place(10) - axis.Place(1), axis.Place(100) - axis.Place(10), 1e-9);
  EXPECT_FALSE(MakeChartAxis({0, 1000}, 5).logarithmic);
}

TEST(ChartAxisTest, OneValueOrNoneIsAScaleToo) {
  EXPECT_NEAR(MakeChartAxis({330, 330}, 5).Place(330), 0.5, 1e-9);
  EXPECT_GT(MakeChartAxis({0}, 5).high, 0);
  EXPECT_THAT(MakeChartAxis({}, 5).ticks, SizeIs(::testing::Ge(2U)));
}

TEST(ChartAxisTest, NumbersAreShort) {
  EXPECT_EQ(ChartNumber(0), "0");
  EXPECT_EQ(ChartNumber(1.3749), "1.37");
  EXPECT_EQ(ChartNumber(12), "12");
  EXPECT_EQ(ChartNumber(345.6), "346");
  EXPECT_EQ(ChartNumber(3123456), "3.1e+06");
  EXPECT_EQ(ChartNumber(0.00012), "0.00012");
}

}  // namespace
}  // namespace benchmarks
