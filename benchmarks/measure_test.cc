// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/measure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

namespace benchmarks {
namespace {

using ::testing::SizeIs;

class MeasureHere : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::getuid() != 0) GTEST_SKIP() << "measuring needs root";
  }

  static MeasurePlan Plan(const std::vector<std::string>& metrics) {
    return {.shims = {{.name = "one", .path = SHIM}, {.name = "two", .path = SHIM}},
            .metrics = metrics,
            .rounds = 2,
            .seed = 1,
            .engine = ENGINE,
            .engine_name = "fake",
            .fixtures = FIXTURES};
  }

  Interrupts interrupts_ = *Interrupts::Take();
};

TEST_F(MeasureHere, TakesPairsOfBlocksThatCountAlike) {
  MeasurePlan plan = Plan({"boot", "create", "state-p99", "frames", "delete-binary", "execs-8"});
  plan.rounds = 1;
  const auto result = Measure(plan, interrupts_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->complete);
  ASSERT_THAT(result->sides, SizeIs(2));
  for (const Side& side : result->sides) {
    EXPECT_TRUE(side.gaps.empty()) << side.gaps.begin()->first << side.gaps.begin()->second;
    for (const char* metric :
         {"boot", "create", "state-p99", "frames", "delete-binary", "execs-8"}) {
      ASSERT_EQ(side.blocks.count(metric), 1u) << metric;
      EXPECT_THAT(side.blocks.at(metric), SizeIs(1)) << metric;
      EXPECT_GT(side.blocks.at(metric)[0].samples[0], 0) << metric;
    }
    EXPECT_EQ(side.blocks.count("start"), 0u);  // measured with create, not asked for
    EXPECT_EQ(side.blocks.at("frames")[0].samples, result->sides[0].blocks.at("frames")[0].samples);
  }
}

TEST_F(MeasureHere, WhatCannotBeMeasuredIsAGap) {
  MeasurePlan plan = Plan({"boot", "binary-size"});
  plan.shims[1].path = "/bin/true";
  const auto result = Measure(plan, interrupts_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->sides[0].blocks.at("boot"), SizeIs(2));
  EXPECT_EQ(result->sides[1].blocks.count("boot"), 0u);
  EXPECT_FALSE(result->sides[1].gaps.at("boot").empty());
  EXPECT_THAT(result->sides[1].blocks.at("binary-size"), SizeIs(2));
}

TEST_F(MeasureHere, AnInterruptEndsItEarly) {
  ::kill(::getpid(), SIGINT);
  const auto result = Measure(Plan({"boot"}), interrupts_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result->complete);
}

TEST_F(MeasureHere, TheDriverCostsLittle) {
  const auto cost = MeasureDriver(interrupts_);
  ASSERT_TRUE(cost.ok()) << cost.status();
  EXPECT_GT(*cost, 0);
  EXPECT_LT(*cost, 5);
}

}  // namespace
}  // namespace benchmarks
