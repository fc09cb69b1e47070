// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/change_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace benchmarks {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Noise of `spread` around the levels that `level` gives; the same for a seed on every machine,
// which std::normal_distribution is not.
template <typename Level>
std::vector<double> Series(std::size_t count, double spread, std::uint64_t seed, Level level) {
  std::mt19937_64 random(seed);
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int k = 0; k < 12; ++k) sum += static_cast<double>(random() >> 11) * 0x1p-53;
    values.push_back(level(i) + spread * (sum - 6));
  }
  return values;
}

std::vector<std::size_t> Indices(const std::vector<double>& values) {
  std::vector<std::size_t> indices;
  for (const ChangePoint& point : FindChangePoints(values)) indices.push_back(point.index);
  return indices;
}

TEST(ChangePointsTest, NoiseAloneHasNone) {
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    found += static_cast<int>(!Indices(Series(30, 5, seed, [](auto) { return 100.0; })).empty());
  }
  EXPECT_LE(found, 3);  // one in a hundred is meant
}

TEST(ChangePointsTest, FindsAStepWithItsLevels) {
  const auto values = Series(40, 1, 7, [](std::size_t i) { return i < 23 ? 100.0 : 108.0; });
  const std::vector<ChangePoint> points = FindChangePoints(values);
  ASSERT_THAT(points, SizeIs(1));
  EXPECT_EQ(points[0].index, 23U);
  EXPECT_THAT(points[0].before, DoubleNear(100, 1));
  EXPECT_THAT(points[0].after, DoubleNear(108, 1));
  EXPECT_LE(points[0].p, 0.01);
}

TEST(ChangePointsTest, FindsAStepThatWasUndone) {
  const auto values =
      Series(60, 1, 3, [](std::size_t i) { return i >= 20 && i < 40 ? 110.0 : 100.0; });
  EXPECT_THAT(Indices(values), ElementsAre(20, 40));
}

TEST(ChangePointsTest, FindsAStepOfACountThatNeverVaries) {
  std::vector<double> values(12, 300.0);
  std::fill(values.begin() + 6, values.end(), 330.0);
  EXPECT_THAT(Indices(values), ElementsAre(6));
  EXPECT_THAT(Indices(std::vector<double>(12, 300.0)), IsEmpty());
}

TEST(ChangePointsTest, LeavesOutliersAlone) {
  auto values = Series(40, 1, 11, [](auto) { return 100.0; });
  values[9] = 400;
  values[30] = 250;
  EXPECT_THAT(Indices(values), IsEmpty());
  values.back() = 400;
  EXPECT_THAT(Indices(values), IsEmpty());
}

TEST(ChangePointsTest, FindsAStepBesideAnOutlier) {
  auto values = Series(40, 1, 13, [](std::size_t i) { return i < 20 ? 100.0 : 108.0; });
  values[5] = 300;
  EXPECT_THAT(Indices(values), ElementsAre(20));
}

TEST(ChangePointsTest, ADriftIsAStaircaseUpwards) {
  const auto values =
      Series(60, 0.5, 17, [](std::size_t i) { return 100.0 + static_cast<double>(i) / 3; });
  const std::vector<ChangePoint> points = FindChangePoints(values);
  ASSERT_FALSE(points.empty());
  for (const ChangePoint& point : points) EXPECT_GT(point.after, point.before);
}

TEST(ChangePointsTest, WhatIsTooSmallToMatterIsNoChange) {
  const auto values = Series(40, 0.1, 19, [](std::size_t i) { return i < 20 ? 100.0 : 101.0; });
  EXPECT_THAT(Indices(values), IsEmpty());
  EXPECT_THAT(FindChangePoints(values, {.smallest = 0.005}), SizeIs(1));
}

TEST(ChangePointsTest, ALevelHasSomeValues) {
  EXPECT_THAT(Indices({}), IsEmpty());
  EXPECT_THAT(Indices({1, 1, 1, 9, 9, 9}), IsEmpty());
}

}  // namespace
}  // namespace benchmarks
