// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/trend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace conformance {
namespace {

using ::testing::DoubleNear;
using ::testing::Ge;
using ::testing::Gt;
using ::testing::Le;

// y over x = 0, 10, 20, ...
Trend Fit(const std::vector<double>& values) {
  std::vector<TrendPoint> points;
  for (std::size_t i = 0; i < values.size(); ++i) {
    points.push_back({.x = 10.0 * static_cast<double>(i), .y = values[i]});
  }
  const std::optional<Trend> trend = FitTrend(points);
  EXPECT_TRUE(trend.has_value());
  return trend.value_or(Trend());
}

TEST(TrendTest, ALineIsItsSlope) {
  const Trend trend = Fit({20, 21, 22, 23, 24, 25, 26, 27});
  EXPECT_DOUBLE_EQ(trend.slope, 0.1);
  EXPECT_DOUBLE_EQ(trend.low, 0.1);
  EXPECT_DOUBLE_EQ(trend.high, 0.1);
}

TEST(TrendTest, AConstantHasNone) {
  const Trend trend = Fit({22, 22, 22, 22, 22, 22});
  EXPECT_EQ(trend.slope, 0);
  EXPECT_EQ(trend.low, 0);
  EXPECT_EQ(trend.high, 0);
}

TEST(TrendTest, OneStepIsNoTrend) {
  EXPECT_THAT(Fit({8, 8, 8, 8, 12, 12, 12, 12, 12, 12}).low, Le(0));
  EXPECT_THAT(Fit({8, 12, 12, 12, 12, 12, 12, 12}).low, Le(0));
  EXPECT_THAT(Fit({8, 8, 8, 8, 8, 8, 8, 12}).low, Le(0));
}

TEST(TrendTest, SawTeethAreNoTrend) {
  std::vector<double> values;
  for (int i = 0; i < 40; ++i) values.push_back(5000 + 300 * (i % 8));
  const Trend trend = Fit(values);
  EXPECT_THAT(trend.low, Le(0));
  EXPECT_THAT(trend.high, Ge(0));
}

TEST(TrendTest, ALeakUnderSawTeethIsFound) {
  std::vector<double> values;
  for (int i = 0; i < 40; ++i) values.push_back(5000 + 300 * (i % 8) + 100 * i);
  EXPECT_THAT(Fit(values).low, Gt(5));
}

TEST(TrendTest, ALeakOfEveryThirdTimeIsFound) {
  EXPECT_THAT(Fit({20, 20, 20, 21, 21, 21, 22, 22, 22, 23, 23, 23}).low, Gt(0));
}

TEST(TrendTest, AnOutlierChangesLittle) {
  EXPECT_THAT(Fit({20, 21, 22, 90, 24, 25, 26, 27, 28, 29}).slope, DoubleNear(0.1, 0.01));
  EXPECT_THAT(Fit({20, 20, 20, 90, 20, 20, 20, 20, 20, 20}).slope, DoubleNear(0, 1e-9));
}

// What the interval promises, counted: with noise alone zero is inside nearly always.
TEST(TrendTest, NoiseIsRarelyTakenForATrend) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> noise(0, 5);
  int wrong = 0;
  for (int round = 0; round < 1000; ++round) {
    std::vector<double> values;
    for (int i = 0; i < 12; ++i) values.push_back(20 + noise(random));
    const Trend trend = Fit(values);
    wrong += trend.low > 0 || trend.high < 0 ? 1 : 0;
    EXPECT_LE(trend.low, trend.slope);
    EXPECT_GE(trend.high, trend.slope);
  }
  EXPECT_LE(wrong, 20);  // 10 expected of 1000
}

TEST(TrendTest, TheSlopeIsTheMedianOfAllPairs) {
  EXPECT_DOUBLE_EQ(Fit({0, 1, 3, 7}).slope, (0.2 + 7.0 / 30) / 2);  // of six, the middle two
  EXPECT_DOUBLE_EQ(Fit({1, 2, 4, 8, 16, 32}).slope, 14.0 / 30);     // of fifteen, the middle one
}

TEST(TrendTest, TiesNarrowTheInterval) {
  EXPECT_DOUBLE_EQ(Fit({0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}).high, 1.0 / 60);  // else 1.0 / 50
}

TEST(TrendTest, PrintsSlopeAndInterval) {
  EXPECT_EQ(::testing::PrintToString(Trend{.slope = 0.5, .low = -1, .high = 12.25}),
            "0.5 (99%: -1 to 12.25)");
}

TEST(TrendTest, TooFewPointsSayNothing) {
  EXPECT_FALSE(FitTrend({}).has_value());
  EXPECT_FALSE(FitTrend({{0, 1}, {1, 2}, {2, 3}}).has_value());
  EXPECT_FALSE(FitTrend({{5, 1}, {5, 2}, {5, 3}, {5, 4}}).has_value());
}

}  // namespace
}  // namespace conformance
