// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace benchmarks {
namespace {

TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  EXPECT_DOUBLE_EQ(Quantile({4, 1, 3, 2}, 0.0), 1);
  EXPECT_DOUBLE_EQ(Quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(Quantile({4, 1, 3, 2}, 1.0), 4);
  EXPECT_DOUBLE_EQ(Quantile({7}, 0.9), 7);
  EXPECT_TRUE(std::isnan(Quantile({}, 0.5)));
}

TEST(MedianEstimate, HoldsTheTrueMedian) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> noise(100, 5);
  int held = 0;
  for (int round = 0; round < 40; ++round) {
    std::vector<double> samples(41);
    for (double& value : samples) value = noise(random);
    const Estimate estimate = MedianEstimate(samples, 1);
    EXPECT_LE(estimate.low, estimate.value);
    EXPECT_GE(estimate.high, estimate.value);
    if (estimate.low <= 100 && 100 <= estimate.high) ++held;
  }
  EXPECT_GE(held, 34);  // 95 % of 40 is 38; fewer than 34 has a probability below 1 in 1,000
}

TEST(PairedRatio, IgnoresADriftOfBothSides) {
  std::vector<double> a;
  std::vector<double> b;
  for (int i = 1; i <= 30; ++i) {
    a.push_back(2.0 * i);
    b.push_back(1.0 * i);
  }
  const Estimate ratio = PairedRatio(a, b, 3);
  EXPECT_DOUBLE_EQ(ratio.value, 2);
  EXPECT_DOUBLE_EQ(ratio.low, 2);
  EXPECT_DOUBLE_EQ(ratio.high, 2);
}

TEST(PairedDifference, TakesPairsNotMedians) {
  const Estimate difference = PairedDifference({11, 21, 31}, {10, 20, 30}, 3);
  EXPECT_DOUBLE_EQ(difference.value, 1);
  EXPECT_DOUBLE_EQ(difference.low, 1);
  EXPECT_DOUBLE_EQ(difference.high, 1);
}

}  // namespace
}  // namespace benchmarks
