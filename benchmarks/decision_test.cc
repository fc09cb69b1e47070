// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/decision.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace benchmarks {
namespace {

const Metric& Of(const char* name) { return *FindMetric(name); }

std::vector<Block> BlocksOf(const std::vector<double>& values) {
  std::vector<Block> blocks;
  for (const double value : values) blocks.push_back({.samples = {value}});
  return blocks;
}

std::vector<Block> Times(std::vector<Block> blocks, double factor) {
  for (Block& block : blocks) {
    for (double& sample : block.samples) sample *= factor;
  }
  return blocks;
}

const std::vector<double> kTwelve = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21};

Judgement Judge(const char* metric, double factor) {
  const std::vector<Block> before = BlocksOf(kTwelve);
  std::vector<MetricChange> changes = {
      {.metric = &Of(metric),
       .change = *ComparePaired(Of(metric), before, Times(before, factor), 0.05, 1)}};
  JudgeAll(changes, 0.05);
  return changes[0].judgement;
}

TEST(JudgeAll, GoesByTheMarginAndByWhatIsBetter) {
  EXPECT_EQ(Judge("create", 1.10), Judgement::kRegressed);
  EXPECT_EQ(Judge("create", 1.04), Judgement::kEqual);
  EXPECT_EQ(Judge("create", 0.90), Judgement::kImproved);
  EXPECT_EQ(Judge("tasks-8", 0.90), Judgement::kRegressed);
  EXPECT_EQ(Judge("tasks-8", 0.97), Judgement::kEqual);
  EXPECT_EQ(Judge("tasks-8", 1.20), Judgement::kImproved);
}

TEST(JudgeInterval, IsUndecidedAcrossTheMargin) {
  EXPECT_EQ(JudgeInterval(Of("create"), {1.06, 1.04, 1.08}, 0.05), Judgement::kUndecided);
  EXPECT_EQ(JudgeInterval(Of("create"), {1.06, 1.051, 1.08}, 0.05), Judgement::kRegressed);
  EXPECT_EQ(JudgeInterval(Of("create"), {1.0, 0.9, 1.04}, 0.05), Judgement::kUndecided);
  EXPECT_EQ(JudgeInterval(Of("tasks-1"), {0.94, 0.93, 0.95}, 0.05), Judgement::kRegressed);
}

TEST(JudgeAll, FewPairsAmongManyMetricsDecideNothing) {
  const std::vector<Block> before = BlocksOf({10, 10, 10, 10});
  std::vector<MetricChange> changes;
  for (int i = 0; i < 20; ++i) {
    const double factor = i == 0 ? 1.5 : 1;
    changes.push_back(
        {.metric = &Of("create"),
         .change = *ComparePaired(Of("create"), before, Times(before, factor), 0.05, 1)});
  }
  JudgeAll(changes, 0.05);
  EXPECT_EQ(changes[0].judgement, Judgement::kUndecided);
  EXPECT_EQ(changes[1].judgement, Judgement::kEqual);
}

TEST(ComparePaired, LeavesDisturbedTimesOutButNoCounts) {
  std::vector<Block> before = BlocksOf(kTwelve);
  std::vector<Block> after = before;
  for (int i : {0, 3, 5}) {
    after[static_cast<std::size_t>(i)].samples = {500};
    after[static_cast<std::size_t>(i)].disturbed = true;
  }
  const auto timed = ComparePaired(Of("create"), before, after, 0.05, 1);
  EXPECT_EQ(timed->pairs, 9);
  EXPECT_EQ(timed->disturbed, 3);
  EXPECT_DOUBLE_EQ(timed->ratio.high, 1);
  EXPECT_EQ(ComparePaired(Of("syscalls"), before, after, 0.05, 1)->pairs, 12);
  // With too few calm ones all count.
  for (Block& block : before) block.disturbed = true;
  EXPECT_EQ(ComparePaired(Of("create"), before, after, 0.05, 1)->pairs, 12);
}

TEST(ComparePaired, CountsOfZeroCanBeCompared) {
  const auto same = ComparePaired(Of("forks"), BlocksOf({0, 0}), BlocksOf({0, 0}), 0.05, 1);
  EXPECT_DOUBLE_EQ(same->ratio.value, 1);
  const auto more = ComparePaired(Of("forks"), BlocksOf({0, 0}), BlocksOf({1, 1}), 0.05, 1);
  EXPECT_DOUBLE_EQ(more->ratio.value, 2);
  EXPECT_DOUBLE_EQ(more->shift, 1);
  EXPECT_FALSE(ComparePaired(Of("forks"), {}, BlocksOf({1}), 0.05, 1).has_value());
}

TEST(ComparePaired, TakesTheTailOfABlock) {
  Block block;
  for (int i = 0; i <= 100; ++i) block.samples.push_back(i);
  const auto change = ComparePaired(Of("state-p99"), {block}, {block}, 0.05, 1);
  EXPECT_DOUBLE_EQ(change->before, 99);
}

TEST(MayGate, WithinHalfTheMarginOnBothSides) {
  EXPECT_TRUE(MayGate({1.0, 0.98, 1.02}, 0.05));
  EXPECT_FALSE(MayGate({1.0, 0.98, 1.03}, 0.05));
  EXPECT_FALSE(MayGate({1.0, 0.97, 1.0}, 0.05));
  EXPECT_NEAR(NoiseOf({1.0, 0.8, 1.1}), 0.25, 1e-12);
}

}  // namespace
}  // namespace benchmarks
