// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "conformance/harness/host_pids.h"
#include "conformance/harness/hypervisor_need.h"

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<Check> Checks() {
  return {
      {.id = "a/one"},
      {.id = "a/exec", .needs = ToNeeds(Need::kExec)},
      {.id = "b/should", .level = Level::kShould},
      {.id = "b/stats", .needs = ToNeeds(Need::kStats), .host = ToHostNeeds(HostNeed::kCgroups)},
      {.id = "b/slow", .tags = {"slow"}}};
}

PlanRules Rules() {
  PlanRules rules;
  rules.profile.claims = Need::kExec | Need::kStats;
  rules.host = {
      .cgroup_mode = "v2",
      .offers = HostNeed::kCgroups | HostNeed::kEngineCgroups | ToHostNeeds(HostNeed::kManyIds)};
  rules.today = "2026-01-01";
  return rules;
}

TEST(PlanTest, EverythingClaimedIsRun) {
  for (const Check& check : Checks()) {
    EXPECT_FALSE(PlanCheck(check, Rules()).skip.has_value()) << check.id;
  }
}

TEST(PlanTest, SkipsExplainThemselves) {
  const std::vector<Check> checks = Checks();
  PlanRules rules = Rules();
  rules.profile.claims = ToNeeds(Need::kStats);
  rules.level = Level::kMust;
  rules.host.offers = ToHostNeeds(HostNeed::kManyIds);
  EXPECT_EQ(PlanCheck(checks[1], rules).skip, SkipKind::kNotClaimed);
  EXPECT_THAT(PlanCheck(checks[1], rules).skip_reason, HasSubstr("does not claim exec"));
  EXPECT_EQ(PlanCheck(checks[2], rules).skip, SkipKind::kLevel);
  EXPECT_EQ(PlanCheck(checks[3], rules).skip, SkipKind::kHost);
  EXPECT_THAT(PlanCheck(checks[3], rules).skip_reason, HasSubstr("may make no cgroups"));
  rules.host.cgroup_mode = "none";
  EXPECT_THAT(PlanCheck(checks[3], rules).skip_reason, HasSubstr("no cgroup hierarchy"));
  EXPECT_FALSE(PlanCheck(checks[0], rules).skip.has_value());
}

TEST(PlanTest, WhatVmsCannotShowIsNotAskedFor) {
  const Check check = {
      .id = "a/pid", .tags = {"race", kHostPidsTag}, .needs = ToNeeds(Need::kExec)};
  PlanRules rules = Rules();
  rules.profile.claims = ToNeeds(Need::kExec);
  EXPECT_FALSE(PlanCheck(check, rules).skip.has_value());
  rules.profile.hypervisor = "cloud-hypervisor";
  EXPECT_EQ(PlanCheck(check, rules).skip, SkipKind::kNotClaimed);
  EXPECT_THAT(PlanCheck(check, rules).skip_reason, HasSubstr("in a VM"));
  EXPECT_FALSE(PlanCheck({.id = "a/other"}, rules).skip.has_value());
  const Check late = {.id = "a/late", .tags = {kLateOutputTag}};
  EXPECT_THAT(PlanCheck(late, rules).skip_reason, HasSubstr("end the outputs"));
  rules.profile.claims = 0;
  EXPECT_EQ(PlanCheck(check, rules).skip_reason, "the profile does not claim exec");
}

TEST(PlanTest, AHypervisorIsAClaimAndAFaultyOneTheHosts) {
  const Check check = {.id = "a/vm", .tags = {kHypervisorFaultsTag}};
  PlanRules rules = Rules();
  EXPECT_EQ(PlanCheck(check, rules).skip, SkipKind::kNotClaimed);
  EXPECT_EQ(PlanCheck(check, rules).skip_reason, "the profile names no hypervisor");
  rules.profile.hypervisor = "cloud-hypervisor";
  EXPECT_EQ(PlanCheck(check, rules).skip, SkipKind::kHost);
  EXPECT_THAT(PlanCheck(check, rules).skip_reason, HasSubstr("it cannot be made to fail"));
  rules.profile.hypervisor = kFakeHypervisorName;
  EXPECT_FALSE(PlanCheck(check, rules).skip.has_value());
}

TEST(PlanTest, OnlyTheStandInEngineCanBeMadeToFail) {
  const Check check = {.id = "a/fault", .needs = Need::kExec | Need::kFakeEngine};
  PlanRules rules = Rules();
  EXPECT_THAT(PlanCheck(check, rules).skip_reason, HasSubstr("drives no engine"));
  rules.profile.engine = "/usr/bin/runc";
  EXPECT_EQ(PlanCheck(check, rules).skip, SkipKind::kHost);
  EXPECT_THAT(PlanCheck(check, rules).skip_reason, HasSubstr("the engine is /usr/bin/runc"));
  for (const char* engine : {"shimgauge-engine", "/opt/bin/shimgauge-engine"}) {
    rules.profile.engine = engine;
    EXPECT_FALSE(PlanCheck(check, rules).skip.has_value()) << engine;
  }
  rules.profile.claims = 0;
  EXPECT_EQ(PlanCheck(check, rules).skip_reason, "the profile does not claim exec");
}

TEST(PlanTest, AnExpectedSkipIsDisabledAndOthersAreCarried) {
  const std::vector<Check> checks = Checks();
  Expectations expectations;
  ASSERT_EQ(expectations.Add("schema = 1\n"
                             "[[expect]]\ncheck = \"a/one\"\nresult = \"skip\"\nissue = \"#1\"\n"
                             "[[expect]]\ncheck = \"b/slow\"\nresult = \"hang\"\n"
                             "why = \"reply.missing\"\nissue = \"#2\"\n"
                             "[[expect]]\ncheck = \"b/slow\"\nresult = \"flaky\"\n"
                             "max_rate = 0.5\nwhy = \"event.order\"\nissue = \"#3\"\n",
                             "e.toml"),
            absl::OkStatus());
  ASSERT_EQ(expectations.Bind(checks), absl::OkStatus());
  PlanRules rules = Rules();
  rules.expectations = &expectations;
  const PlannedCheck skipped = PlanCheck(checks[0], rules);
  EXPECT_EQ(skipped.skip, SkipKind::kDisabled);
  EXPECT_EQ(skipped.skip_reason, "e.toml:2: #1");
  const PlannedCheck expected = PlanCheck(checks[4], rules);
  EXPECT_FALSE(expected.skip.has_value());
  ASSERT_NE(expected.expectation, nullptr);
  EXPECT_EQ(expected.expectation->reference, "#2");
  ASSERT_EQ(expected.chances.size(), 1u);
  EXPECT_EQ(expected.chances[0]->reference, "#3");
}

TEST(PlanTest, OnlySelectedChecksArePlannedInTheirOrder) {
  const std::vector<Check> checks = Checks();
  const std::vector<PlannedCheck> plan = MakePlan(checks, {*Selector::Parse("b")}, Rules());
  ASSERT_EQ(plan.size(), 3u);
  EXPECT_EQ(plan[0].check->id, "b/should");
  EXPECT_EQ(plan[2].check, &checks[4]);
}

TEST(ScheduleTest, RoundsHoldEveryCheckOnceAndSlowOnesFirst) {
  const std::vector<Check> checks = Checks();
  std::vector<PlannedCheck> plan = MakePlan(checks, {}, Rules());
  plan[1].skip = SkipKind::kHost;
  const std::vector<Execution> schedule = MakeSchedule(plan, 3, std::nullopt, 0x5eed);
  ASSERT_EQ(schedule.size(), 12u);
  for (std::size_t round = 0; round < 3; ++round) {
    std::set<std::size_t> indices;
    for (std::size_t i = 0; i < 4; ++i) {
      const Execution& one = schedule[round * 4 + i];
      EXPECT_EQ(one.number, static_cast<int>(round) + 1);
      indices.insert(one.index);
    }
    EXPECT_EQ(indices, (std::set<std::size_t>{0, 2, 3, 4}));
    EXPECT_EQ(schedule[round * 4].index, 4u);
  }
}

TEST(ScheduleTest, WhatIsToComeFirstDoesInEveryRound) {
  const std::vector<Check> checks = Checks();
  const std::vector<PlannedCheck> plan = MakePlan(checks, {}, Rules());
  std::vector<std::size_t> order;
  for (const Execution& one :
       MakeSchedule(plan, 2, std::nullopt, 0x5eed, {"b/stats", "a/exec", "c/absent"})) {
    order.push_back(one.index);
  }
  EXPECT_THAT(order, ElementsAre(1, 3, 4, 0, 2, 1, 3, 4, 0, 2));
  for (std::uint64_t shuffle = 0; shuffle < 8; ++shuffle) {
    const std::vector<Execution> schedule = MakeSchedule(plan, 2, shuffle, 0x5eed, {"b/stats"});
    EXPECT_EQ(schedule[0].index, 3u) << shuffle;
    EXPECT_EQ(schedule[5].index, 3u) << shuffle;
  }
}

TEST(ScheduleTest, TheFirstSeedIsTheRunsAndLaterOnesDiffer) {
  const std::vector<Check> checks = Checks();
  const std::vector<PlannedCheck> plan = MakePlan(checks, {*Selector::Parse("a/one")}, Rules());
  const std::vector<Execution> schedule = MakeSchedule(plan, 3, std::nullopt, 0x5eed);
  EXPECT_EQ(schedule[0].seed, 0x5eedu);
  EXPECT_NE(schedule[1].seed, schedule[0].seed);
  EXPECT_NE(schedule[2].seed, schedule[1].seed);
}

// What the authors of SplitMix64 give for this state.
TEST(ScheduleTest, SeedsAreTheSameInEveryBuild) {
  EXPECT_EQ(SeedOf(1234565, 2), 6457827717110365317u);
}

TEST(ScheduleTest, AShuffleSeedRepeatsItsOrder) {
  const std::vector<Check> checks(50, {.id = "a/x"});
  const std::vector<PlannedCheck> plan = MakePlan(checks, {}, Rules());
  const auto order = [&plan](std::optional<std::uint64_t> shuffle) {
    std::vector<std::size_t> indices;
    for (const Execution& one : MakeSchedule(plan, 1, shuffle, 1)) indices.push_back(one.index);
    return indices;
  };
  EXPECT_EQ(order(7), order(7));
  EXPECT_NE(order(7), order(8));
  EXPECT_NE(order(7), order(std::nullopt));
  std::vector<std::size_t> sorted = order(7);
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, order(std::nullopt));
}

}  // namespace
}  // namespace conformance
