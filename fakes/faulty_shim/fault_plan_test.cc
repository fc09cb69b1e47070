// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/fault_plan.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/testing/temp_dir.h"
#include "fakes/faulty_shim/circumstances.h"
#include "fakes/faulty_shim/testing/test_plan.h"

namespace fakes {
namespace {

using ::testing::HasSubstr;

TEST(FaultPlanTest, FactsHaveToMatchEveryCondition) {
  TestPlan plan({"skip close path=*-stdin access=w"});
  EXPECT_TRUE(plan->Has("skip", "close"));
  EXPECT_FALSE(plan->Has("skip", "unlink"));
  EXPECT_EQ(plan->Fire("skip", "close", {{"path", "/x-stdin"}, {"access", "r"}}), nullptr);
  EXPECT_EQ(plan->Fire("skip", "close", {{"path", "/x-stdout"}, {"access", "w"}}), nullptr);
  EXPECT_EQ(plan->Fire("skip", "close", {{"path", "/x-stdin"}}), nullptr);
  EXPECT_EQ(plan.Journal(), "");
  const Rule* rule = plan->Fire("skip", "close", {{"path", "/x-stdin"}, {"access", "w"}});
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->Text("access"), "w");
  EXPECT_EQ(plan.Journal(), "test skip close path=*-stdin access=w\n");
}

TEST(FaultPlanTest, ARoleIsAnotherProcess) {
  const char* rule = "skip unlink role=delete";
  TestPlan daemon({rule});
  EXPECT_EQ(daemon->Fire("skip", "unlink", {{"path", "/x"}}), nullptr);
  TestPlan command({rule}, "delete");
  EXPECT_NE(command->Fire("skip", "unlink", {{"path", "/x"}}), nullptr);
}

TEST(FaultPlanTest, WhatBecomesADaemonCountsAnew) {
  TestPlan plan({"skip signal role=start", "skip kill nth=1"}, "start");
  EXPECT_NE(plan->Fire("skip", "signal"), nullptr);
  EXPECT_NE(plan->Fire("skip", "kill"), nullptr);
  EXPECT_EQ(plan->Fire("skip", "kill"), nullptr);
  plan->Enter("daemon");
  EXPECT_EQ(plan->Fire("skip", "signal"), nullptr);
  EXPECT_NE(plan->Fire("skip", "kill"), nullptr);
}

TEST(FaultPlanTest, CountsWhatMatches) {
  TestPlan plan({"skip unlink path=/a nth=2"});
  EXPECT_EQ(plan->Fire("skip", "unlink", {{"path", "/a"}}), nullptr);
  EXPECT_EQ(plan->Fire("skip", "unlink", {{"path", "/b"}}), nullptr);
  EXPECT_NE(plan->Fire("skip", "unlink", {{"path", "/a"}}), nullptr);
  EXPECT_EQ(plan->Fire("skip", "unlink", {{"path", "/a"}}), nullptr);
}

TEST(FaultPlanTest, BeginsAtAnOccurrence) {
  TestPlan plan({"skip signal from=2"});
  EXPECT_EQ(plan->Fire("skip", "signal"), nullptr);
  EXPECT_NE(plan->Fire("skip", "signal"), nullptr);
  EXPECT_NE(plan->Fire("skip", "signal"), nullptr);
}

TEST(FaultPlanTest, SparesTheFirstOccurrences) {
  TestPlan plan({"skip signal"}, "daemon", 1);
  EXPECT_EQ(plan->Fire("skip", "signal"), nullptr);
  EXPECT_NE(plan->Fire("skip", "signal"), nullptr);
}

TEST(FaultPlanTest, ALoopThatSpinsIsNotedOnceAndSpinsForGood) {
  TestPlan plan({"spin epoll_wait from=2"});
  EXPECT_EQ(plan->Fire("spin", "epoll_wait"), nullptr);
  EXPECT_NE(plan->Fire("spin", "epoll_wait"), nullptr);
  EXPECT_NE(plan->Fire("spin", "epoll_wait"), nullptr);
  EXPECT_EQ(plan.Journal(), "test spin epoll_wait from=2\n");
  plan->Enter("daemon");
  EXPECT_EQ(plan->Fire("spin", "epoll_wait"), nullptr);
}

TEST(FaultPlanTest, LeavesErrnoAlone) {
  TestPlan plan({"skip signal"});
  errno = EXDEV;
  EXPECT_NE(plan->Fire("skip", "signal"), nullptr);
  EXPECT_EQ(errno, EXDEV);
}

TEST(FaultPlanTest, ACircumstanceHasToBeTheCase) {
  const base::testing::TempDir temp;
  const std::string path = temp.File("fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int kept = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int writer = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  TestPlan plan({"hold delete while=unread-output", "skip signal while=unread-input"});
  EXPECT_EQ(plan->Fire("hold", "delete"), nullptr);
  ASSERT_EQ(::write(writer, "x", 1), 1);
  EXPECT_NE(plan->Fire("hold", "delete"), nullptr);
  ::close(kept);
  EXPECT_EQ(plan->Fire("hold", "delete"), nullptr);
  ::close(writer);
  EXPECT_EQ(plan->Fire("skip", "signal"), nullptr);
  TestPlan starting({"skip signal while=starting-exec"});
  EXPECT_EQ(starting->Fire("skip", "signal"), nullptr);
  const ExecStarting exec;
  EXPECT_NE(starting->Fire("skip", "signal"), nullptr);
}

TEST(FaultPlanTest, WithoutAPlanNothingFires) {
  EXPECT_EQ(CurrentPlan(), nullptr);
  EXPECT_FALSE(PlanHas("skip", "signal"));
  EXPECT_EQ(Fire("skip", "signal"), nullptr);
}

TEST(FaultPlanTest, ABadRuleIsNamed) {
  static const KnownFault fault = {.name = "test", .what = "made by a test"};
  const auto plan =
      FaultPlan::Make({.fault = &fault, .rules = {"skip signal", "skip me"}}, "start");
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(std::string(plan.status().message()), HasSubstr("rule 'skip me'"));
}

TEST(FaultPlanTest, TheCommandIsFoundInTheArguments) {
  EXPECT_EQ(RoleOf({"-namespace", "n", "-id", "delete", "start"}), "start");
  EXPECT_EQ(RoleOf({"-id", "c", "delete"}), "delete");
  EXPECT_EQ(RoleOf({"-namespace", "n", "-id", "c", "-address", "/a"}), "daemon");
  EXPECT_EQ(RoleOf({"--info"}), "info");
  EXPECT_EQ(RoleOf({"-v"}), "version");
}

}  // namespace
}  // namespace fakes
