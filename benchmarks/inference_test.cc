// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/inference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace benchmarks {
namespace {

using ::testing::ElementsAre;

TEST(QuantileEstimate, IntervalHoldsTheQuantile) {
  std::mt19937_64 random(11);
  std::exponential_distribution<double> tail(1);
  const double truth = -std::log(0.1);  // of the 90 % quantile
  int held = 0;
  constexpr int kRounds = 300;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> samples(200);
    for (double& value : samples) value = tail(random);
    const Estimate estimate = QuantileEstimate(samples, 0.9);
    EXPECT_LE(estimate.low, estimate.value);
    EXPECT_LE(estimate.value, estimate.high);
    held += estimate.low <= truth && truth <= estimate.high;
  }
  EXPECT_GE(held, kRounds * 92 / 100);
  EXPECT_LE(held, kRounds * 99 / 100);  // not by being as wide as can be
}

TEST(QuantileEstimate, FewSamplesGiveTheirRange) {
  const Estimate estimate = QuantileEstimate({3, 1, 2}, 0.99);
  EXPECT_EQ(estimate.high, 3);
  EXPECT_GE(estimate.value, 2.9);
  EXPECT_TRUE(std::isnan(QuantileEstimate({}, 0.5).value));
}

TEST(HodgesLehmann, IsTheMedianOfPairMeans) {
  // Means of pairs, each with itself too: 1 2.5 4 and 1.75 2.5 3.25, of {1, 2.5, 4}.
  EXPECT_DOUBLE_EQ(HodgesLehmann({1, 2.5, 4}), 2.5);
  // Means 0 0 0 0 0 0 50 50 50 100: an outlier moves nothing.
  EXPECT_DOUBLE_EQ(HodgesLehmann({0, 0, 0, 100}), 0);
}

TEST(SignedRankP, IsExact) {
  EXPECT_DOUBLE_EQ(SignedRankP({}), 1);
  EXPECT_DOUBLE_EQ(SignedRankP({0, 0}), 1);
  // All eight choices of signs are as probable; only one is as positive.
  EXPECT_DOUBLE_EQ(SignedRankP({1, 2, 3}), 1.0 / 8);
  EXPECT_DOUBLE_EQ(SignedRankP({-1, -2, -3}), 1);
  // Sums of positive ranks at least 5 of 6: {2,3}, {1,2,3}.
  EXPECT_DOUBLE_EQ(SignedRankP({-1, 2, 3}), 2.0 / 8);
  // Ties: ranks 1.5, 1.5, 3. Sums at least 4.5: {1.5, 3} twice and all three.
  EXPECT_DOUBLE_EQ(SignedRankP({1, -1, 3}), 3.0 / 8);
  EXPECT_NEAR(SignedRankP(std::vector<double>(12, 0.2)), std::pow(0.5, 12), 1e-12);
}

TEST(SignedRankP, IsUniformWhenNothingIsThere) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> noise(0, 1);
  int small = 0;
  constexpr int kRounds = 1000;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> values(15);
    for (double& value : values) value = noise(random);
    small += SignedRankP(values) <= 0.05;
  }
  EXPECT_NEAR(small, kRounds * 0.05, kRounds * 0.02);
}

TEST(BenjaminiHochberg, RejectsUpToTheLastThatHolds) {
  // Bounds at 5 %: 0.0125, 0.025, 0.0375, 0.05. The third fails its own, the fourth holds for all.
  EXPECT_THAT(BenjaminiHochberg({0.049, 0.01, 0.038, 0.02}, 0.05),
              ElementsAre(true, true, true, true));
  EXPECT_THAT(BenjaminiHochberg({0.2, 0.01, 0.04, 0.02}, 0.05),
              ElementsAre(false, true, false, true));
  EXPECT_THAT(BenjaminiHochberg({0.03, 0.5}, 0.05), ElementsAre(false, false));
  EXPECT_TRUE(BenjaminiHochberg({}, 0.05).empty());
}

TEST(SlopeEstimate, SeesALeakAndNoStep) {
  std::vector<double> x;
  std::vector<double> leak;
  std::vector<double> step;
  for (int i = 0; i < 50; ++i) {
    x.push_back(20 * i);
    leak.push_back(1000 + 0.5 * 20 * i + (i % 3));
    step.push_back(i < 45 ? 1000 : 1400);
  }
  const Estimate leaking = SlopeEstimate(x, leak);
  EXPECT_NEAR(leaking.value, 0.5, 0.01);
  EXPECT_GT(leaking.low, 0.4);
  EXPECT_LT(leaking.high, 0.6);
  EXPECT_EQ(SlopeEstimate(x, step).value, 0);
  EXPECT_TRUE(std::isnan(SlopeEstimate({1}, {1}).value));
}

}  // namespace
}  // namespace benchmarks
