// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/history_story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

CallFact Answered(const char* method, absl::StatusCode code) {
  return {.method = method, .process = {.container = "c1"}, .replied_us = 1, .code = code};
}

TEST(LiveTasks, AreCreatedAndNotDeleted) {
  Story story;
  story.calls = {Answered("Create", absl::StatusCode::kOk)};
  EXPECT_THAT(LiveTasks(story), SizeIs(1));
  story.calls.push_back(Answered("Delete", absl::StatusCode::kOk));
  EXPECT_THAT(LiveTasks(story), IsEmpty());
}

TEST(LiveTasks, ARefusedDeleteChangesNothing) {
  Story story;
  story.calls = {Answered("Create", absl::StatusCode::kOk),
                 Answered("Delete", absl::StatusCode::kFailedPrecondition)};
  EXPECT_THAT(LiveTasks(story), SizeIs(1));
}

TEST(LiveTasks, NotFoundAloneDoesNotEndATask) {
  Story story;
  story.calls = {Answered("Create", absl::StatusCode::kOk),
                 Answered("State", absl::StatusCode::kNotFound)};
  EXPECT_THAT(LiveTasks(story), SizeIs(1)) << "a shim that loses a task is not believed";
}

TEST(LiveTasks, AnAbandonedDeleteMayHaveWorked) {
  Story story;
  story.calls = {Answered("Create", absl::StatusCode::kOk),
                 Answered("Delete", absl::StatusCode::kCancelled)};
  EXPECT_THAT(LiveTasks(story), SizeIs(1));
  story.calls.push_back(Answered("Delete", absl::StatusCode::kNotFound));
  EXPECT_THAT(LiveTasks(story), IsEmpty());
}

TEST(LiveTasks, ExecsBelongToTheirContainer) {
  Story story;
  story.calls = {Answered("Create", absl::StatusCode::kOk),
                 Answered("Create", absl::StatusCode::kOk),
                 Answered("Exec", absl::StatusCode::kOk)};
  story.calls[1].process.container = "c2";
  story.calls[2].process = {.container = "c2", .exec = "e1"};
  const std::vector<LiveTask> tasks = LiveTasks(story);
  ASSERT_THAT(tasks, SizeIs(2));
  EXPECT_THAT(tasks[0].execs, IsEmpty());
  EXPECT_THAT(tasks[1].execs, SizeIs(1));
}

TEST(Lives, DeleteOfOneContainerEndsNoExecOfAnother) {
  Story story;
  story.calls = {Answered("Create", absl::StatusCode::kOk),
                 Answered("Create", absl::StatusCode::kOk), Answered("Exec", absl::StatusCode::kOk),
                 Answered("Delete", absl::StatusCode::kOk),
                 Answered("Delete", absl::StatusCode::kOk)};
  story.calls[1].process.container = "c2";
  story.calls[2].process = {.container = "c2", .exec = "e1"};
  const std::vector<Life> lives = Lives(story);
  ASSERT_THAT(lives, SizeIs(3));
  EXPECT_TRUE(lives[0].over());
  EXPECT_FALSE(lives[1].over());
  EXPECT_FALSE(lives[2].over());
  EXPECT_EQ(lives[0].deleted, &story.calls[3]) << "of two, the first";
}

TEST(Lives, AnExecThatWasDeletedIsNotGoneWithItsInit) {
  Story story;
  story.calls = {Answered("Create", absl::StatusCode::kOk), Answered("Exec", absl::StatusCode::kOk),
                 Answered("Delete", absl::StatusCode::kOk),
                 Answered("Delete", absl::StatusCode::kOk)};
  for (const std::size_t i : {1, 2}) story.calls[i].process.exec = "e1";
  const std::vector<Life> lives = Lives(story);
  ASSERT_THAT(lives, SizeIs(2));
  EXPECT_EQ(lives[1].deleted, &story.calls[2]);
  EXPECT_FALSE(lives[1].gone_with_init);
}

TEST(Lives, OnlyItsOwnUncertaintyCountsAgainstACall) {
  Story story;
  story.calls = {Answered("Create", absl::StatusCode::kOk),
                 Answered("Kill", absl::StatusCode::kUnavailable)};
  EXPECT_FALSE(Lives(story)[0].start_uncertain);
  EXPECT_FALSE(Lives(story)[0].delete_uncertain);
  story.calls.push_back(Answered("Start", absl::StatusCode::kUnavailable));
  EXPECT_TRUE(Lives(story)[0].start_uncertain);
  story.calls.push_back(Answered("Delete", absl::StatusCode::kFailedPrecondition));
  EXPECT_FALSE(Lives(story)[0].delete_uncertain);
}

TEST(ReadResponse, FindsThePidOfConnectAndState) {
  CallFact connected;
  ReadResponse("Connect", "\x08\x05\x10\x07", connected);  // shim_pid 5, task_pid 7
  EXPECT_EQ(connected.pid, 7u);
  CallFact state;
  ReadResponse("State", "\x18\x07\x20\x02\x48\x09", state);  // pid 7, RUNNING, exit_status 9
  EXPECT_EQ(state.pid, 7u);
  EXPECT_EQ(state.status, TaskStatus::kRunning);
  EXPECT_EQ(state.exit_status, 9u);
}

TEST(Lives, OfTwoAnswersTheFirstCounts) {
  Story story;
  for (const char* method : {"Create", "Start", "Start", "Wait", "Wait"}) {
    story.calls.push_back(Answered(method, absl::StatusCode::kOk));
  }
  const std::vector<Life> lives = Lives(story);
  ASSERT_THAT(lives, SizeIs(1));
  EXPECT_EQ(lives[0].started, &story.calls[1]);
  EXPECT_EQ(lives[0].waited, &story.calls[3]);
}

TEST(Lives, AnExecWithoutAnIdIsNone) {
  Story story;
  story.calls = {Answered("Exec", absl::StatusCode::kOk)};
  EXPECT_THAT(Lives(story), IsEmpty());
}

TEST(CallFact, IsUncertainWithoutAnAnswer) {
  CallFact fact = Answered("Start", absl::StatusCode::kOk);
  EXPECT_FALSE(fact.uncertain());
  for (const absl::StatusCode code :
       {absl::StatusCode::kDeadlineExceeded, absl::StatusCode::kUnavailable,
        absl::StatusCode::kCancelled}) {
    EXPECT_TRUE(Answered("Start", code).uncertain()) << absl::StatusCodeToString(code);
  }
  CallFact open{.method = "Start", .process = {.container = "c1"}};
  EXPECT_TRUE(open.uncertain());
}

TEST(LiveTasks, AnUnansweredCallIsNoNotFound) {
  Story story;
  story.calls = {Answered("Create", absl::StatusCode::kOk),
                 Answered("Delete", absl::StatusCode::kCancelled),
                 Answered("Delete", absl::StatusCode::kNotFound)};
  story.calls.back().replied_us = CallFact().replied_us;
  EXPECT_THAT(LiveTasks(story), SizeIs(1));
}

TEST(ReadRequest, KnowsNoFieldsOfUnknownMethods) {
  CallFact fact;
  ReadRequest("Fly",
              "\x0a\x02"
              "c1",
              fact);
  EXPECT_EQ(fact.method, "Fly");
  EXPECT_EQ(fact.process.container, "");
  ReadResponse("Fly",
               "\x0a\x02"
               "c1",
               fact);
  EXPECT_EQ(fact.pid, 0u);
}

TEST(ReadResponse, TakesNothingOutOfWhatIsBroken) {
  for (const char* method : {"State", "Delete", "Wait", "Connect", "Create", "Start"}) {
    CallFact fact;
    ReadRequest(method,
                "\x0a\x02"
                "c1\xff\xff",
                fact);
    EXPECT_EQ(fact.process.container, "") << method;
    ReadResponse(method, "\x08\x07\x10\x07\x18\x07\x20\x02\x48\x07\xff\xff", fact);
    EXPECT_EQ(fact.pid, 0u) << method;
    EXPECT_EQ(fact.exit_status, 0u) << method;
    EXPECT_EQ(fact.status, CallFact().status) << method;
  }
}

}  // namespace
}  // namespace conformance
