// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "benchmarks/process_cost.h"

namespace benchmarks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

Record RunOf(const std::string& metric, double value, double half_width = 0) {
  Record record{.host = "here", .configuration = "fake"};
  record.figures[metric] = {value, value - half_width, value + half_width};
  return record;
}

std::vector<Record> Runs(const std::string& metric, const std::vector<double>& values) {
  std::vector<Record> runs;
  for (const double value : values) runs.push_back(RunOf(metric, value));
  return runs;
}

// Within 2 % of 100, in no order.
std::vector<Record> Calm(const std::string& metric) {
  return Runs(metric, {100, 101, 99, 102, 100, 98, 101, 99});
}

GateRow Only(const std::vector<GateRow>& rows) {
  EXPECT_THAT(rows, SizeIs(1));
  return rows.empty() ? GateRow() : rows.front();
}

TEST(GateTest, WhatIsWellAboveTheFenceHasRegressed) {
  const GateRow row = Only(Gate(Calm("boot"), RunOf("boot", 110, 1)));
  EXPECT_EQ(row.verdict, GateVerdict::kRegressed);
  EXPECT_NEAR(row.change, 0.10, 0.001);
  EXPECT_NEAR(row.fence, 0.05, 0.001);
  EXPECT_EQ(row.runs, 8U);
}

TEST(GateTest, WhatIsBelowItHasImproved) {
  EXPECT_EQ(Only(Gate(Calm("boot"), RunOf("boot", 90, 1))).verdict, GateVerdict::kImproved);
}

TEST(GateTest, MoreIsBetterForThroughput) {
  EXPECT_EQ(Only(Gate(Calm("tasks-8"), RunOf("tasks-8", 110, 1))).verdict, GateVerdict::kImproved);
  EXPECT_EQ(Only(Gate(Calm("tasks-8"), RunOf("tasks-8", 90, 1))).verdict, GateVerdict::kRegressed);
}

TEST(GateTest, AnIntervalInsideIsEqualAndOneAcrossIsUndecided) {
  EXPECT_EQ(Only(Gate(Calm("boot"), RunOf("boot", 102, 1))).verdict, GateVerdict::kEqual);
  const GateRow across = Only(Gate(Calm("boot"), RunOf("boot", 108, 6)));
  EXPECT_EQ(across.verdict, GateVerdict::kUndecided);
  EXPECT_THAT(across.why, HasSubstr("reaches across the fence"));
}

TEST(GateTest, ANoisyBaselineHasAWideFence) {
  const std::vector<Record> noisy = Runs("boot", {100, 120, 85, 130, 90, 110, 95, 118});
  const GateRow row = Only(Gate(noisy, RunOf("boot", 115, 1)));
  EXPECT_GT(row.fence, 0.2);
  EXPECT_EQ(row.verdict, GateVerdict::kEqual);
}

TEST(GateTest, TimesNeedRunsToKnowTheirNoiseAndCountsDoNot) {
  const GateRow time = Only(Gate(Runs("boot", {100, 100}), RunOf("boot", 200, 1)));
  EXPECT_EQ(time.verdict, GateVerdict::kUndecided);
  EXPECT_THAT(time.why, HasSubstr("2 runs at this level in the baseline, 5 needed"));
  EXPECT_EQ(Only(Gate(Runs("forks", {5}), RunOf("forks", 6))).verdict, GateVerdict::kRegressed);
  EXPECT_EQ(Only(Gate(Runs("forks", {0}), RunOf("forks", 1))).verdict, GateVerdict::kRegressed);
  EXPECT_EQ(Only(Gate(Runs("forks", {0}), RunOf("forks", 0))).verdict, GateVerdict::kEqual);
  EXPECT_EQ(Only(Gate(Runs("forks", {2}), RunOf("forks", 0))).verdict, GateVerdict::kImproved);
}

TEST(GateTest, ALevelThatWasLeftDoesNotCount) {
  // It became faster once: what it was before must not hide that it is as slow again.
  const GateRow row =
      Only(Gate(Runs("boot", {150, 151, 149, 150, 152, 150, 100, 101, 99, 100, 100, 101}),
                RunOf("boot", 112, 1)));
  EXPECT_EQ(row.runs, 6U);
  EXPECT_NEAR(row.baseline, 100, 0.6);
  EXPECT_EQ(row.verdict, GateVerdict::kRegressed);
}

TEST(GateTest, OnlyTheLastRunsCount) {
  std::vector<double> values(30, 100);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += static_cast<double>(i % 3);
  EXPECT_EQ(Only(Gate(Runs("boot", values), RunOf("boot", 100), {.last = 7})).runs, 7U);
}

TEST(GateTest, WhatTheBaselineDoesNotKnowIsLeftOut) {
  EXPECT_THAT(Gate(Calm("boot"), RunOf("create", 1)), IsEmpty());
}

TEST(GateTest, ValuesBelowZeroHaveNoRatio) {
  const GateRow row = Only(Gate(Runs("growth", {-1, -2, -1, -2, -1}), RunOf("growth", 3)));
  EXPECT_EQ(row.verdict, GateVerdict::kUndecided);
  EXPECT_THAT(row.why, HasSubstr("below zero"));
}

TEST(GateTest, ARegressionIsOneWhenASecondBatchFindsIt) {
  const auto rows = Gate(Calm("boot"), RunOf("boot", 110, 1));
  EXPECT_EQ(Only(Confirm(rows, rows)).verdict, GateVerdict::kRegressed);
  const GateRow row = Only(Confirm(rows, Gate(Calm("boot"), RunOf("boot", 101, 1))));
  EXPECT_EQ(row.verdict, GateVerdict::kUndecided);
  EXPECT_EQ(row.why, "a second batch found +1.0 %");
  EXPECT_EQ(Only(Confirm(rows, {})).verdict, GateVerdict::kUndecided);
}

TEST(GateTest, WhatTheBaselineHasAndTheShimCannotIsBroken) {
  std::vector<Record> baseline = Calm("boot");
  baseline.push_back(RunOf("create", 1));
  const NotMeasured broken =
      BrokenMetrics(baseline, {{"boot", "exit 1"}, {"create", "no reply"}, {"delete", "no reply"}});
  EXPECT_THAT(broken, ElementsAre(Pair("boot", "exit 1"), Pair("create", "no reply")));
  EXPECT_THAT(BrokenMetrics({}, broken), IsEmpty());
}

TEST(GateTest, ACounterTheHostLacksIsNotTheShimsFault) {
  const std::vector<Record> baseline = Calm("instructions");
  const std::string refused = std::string(kNoCounter) + " for us: perf_event_open: no";
  EXPECT_THAT(BrokenMetrics(baseline, {{"instructions", kNoCounter}}), IsEmpty());
  EXPECT_THAT(BrokenMetrics(baseline, {{"instructions", refused}}), IsEmpty());
  EXPECT_THAT(BrokenMetrics(baseline, {{"instructions", "Create: no reply"}}), SizeIs(1));
}

TEST(GateTest, WhatIsBrokenIsNamedByReason) {
  EXPECT_EQ(BrokenSentence({}), "");
  EXPECT_EQ(BrokenSentence({{"create", "no reply"}}),
            "The shim fails where the baseline does not: create (no reply)\n");
  EXPECT_EQ(BrokenSentence({{"boot", "a"}, {"create", "b"}, {"delete", "a"}}),
            "The shim fails where the baseline does not: boot, delete (a); create (b)\n");
}

TEST(GateTest, OtherHostsAreRefusedUnlessAdmitted) {
  const std::vector<Record> history = Calm("boot");
  Record now = RunOf("boot", 100);
  EXPECT_THAT(*ComparableRuns(history, now, false), SizeIs(8));
  now.host = "there";
  const auto refused = ComparableRuns(history, now, false);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("it has here, this is there; figures of different hosts"));
  EXPECT_THAT(*ComparableRuns(history, now, true), SizeIs(8));
  now.configuration = "real";
  EXPECT_THAT(std::string(ComparableRuns(history, now, true).status().message()),
              HasSubstr("it has 'fake', this run is 'real'"));
  EXPECT_THAT(std::string(ComparableRuns({}, now, true).status().message()),
              HasSubstr("has no runs"));
}

TEST(GateTest, TheTableSaysAllOfIt) {
  const std::string table = GateTable(Gate(Calm("boot"), RunOf("boot", 110, 1)));
  EXPECT_THAT(table, HasSubstr("metric"));
  EXPECT_THAT(table, ::testing::ContainsRegex(
                         "boot +100 ms +110 ms +\\+10\\.0  \\[\\+9\\.0, \\+11\\.0\\] +5\\.0  "
                         "REGRESSED\n"));
}

}  // namespace
}  // namespace benchmarks
