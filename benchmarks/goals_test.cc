// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/goals.h"

#include <gtest/gtest.h>

#include <cmath>

namespace benchmarks {
namespace {

Goal AtMost(double wanted, double low, double high) {
  return {.what = "Delete over the engine",
          .unit = "ms",
          .wanted = wanted,
          .measured = {.value = (low + high) / 2, .low = low, .high = high}};
}

TEST(GoalsTest, OnlyAWholeIntervalDecides) {
  EXPECT_EQ(Judge(AtMost(0.5, 0.1, 0.5)), GoalVerdict::kMet);
  EXPECT_EQ(Judge(AtMost(0.5, 0.1, 0.6)), GoalVerdict::kUndecided);
  EXPECT_EQ(Judge(AtMost(0.5, 0.6, 0.7)), GoalVerdict::kMissed);
  Goal at_least = AtMost(8, 9, 10);
  at_least.at_most = false;
  EXPECT_EQ(Judge(at_least), GoalVerdict::kMet);
  at_least.wanted = 9.5;
  EXPECT_EQ(Judge(at_least), GoalVerdict::kUndecided);
  at_least.wanted = 11;
  EXPECT_EQ(Judge(at_least), GoalVerdict::kMissed);
  EXPECT_EQ(Judge(AtMost(0.5, std::nan(""), std::nan(""))), GoalVerdict::kUndecided);
}

TEST(GoalsTest, TableNamesLimitIntervalAndVerdict) {
  EXPECT_EQ(GoalTable({AtMost(0.5, 0.4, 0.6), AtMost(200, 150, 190)}),
            "| goal | wanted | measured | |\n|---|---|---|---|\n"
            "| Delete over the engine | ≤ 0.50 ms | 0.50 [0.40, 0.60] ms | undecided |\n"
            "| Delete over the engine | ≤ 200 ms | 170 [150, 190] ms | met |\n");
  EXPECT_EQ(GoalTable({}), "");
}

}  // namespace
}  // namespace benchmarks
