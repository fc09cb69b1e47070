// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/story_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/harness/history_judge.h"

namespace conformance {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// A container whose exit event comes before its start event.
Story OutOfOrder() {
  Story story;
  story.namespaces = {"shimgauge"};
  story.lost_shims = {7};
  story.outside_hands = {"c9"};
  std::int64_t at = 0;
  const auto call = [&](const char* method) {
    CallFact fact;
    fact.method = method;
    fact.process = {"c1", ""};
    fact.sent_us = ++at;
    fact.replied_us = ++at;
    fact.code = absl::StatusCode::kOk;
    fact.pid = 11;
    story.calls.push_back(fact);
  };
  const auto event = [&](const char* topic, const char* type) {
    EventFact fact;
    fact.event.topic = topic;
    fact.event.type_url = type;
    fact.event.ns = "shimgauge";
    fact.event.container_id = "c1";
    fact.event.pid = 11;
    fact.received_us = ++at;
    story.events.push_back(fact);
  };
  call("Create");
  event("/tasks/create", "containerd.events.TaskCreate");
  call("Start");
  event("/tasks/exit", "containerd.events.TaskExit");
  event("/tasks/start", "containerd.events.TaskStart");
  return story;
}

TEST(StoryTextTest, WhatIsReadBackIsJudgedTheSame) {
  const Story story = OutOfOrder();
  const absl::StatusOr<Story> again = ParseStory(StoryText(story));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(JudgeHistory(story), SizeIs(1));
  EXPECT_EQ(JudgeHistory(*again), JudgeHistory(story));
  EXPECT_EQ(StoryText(*again), StoryText(story));
  EXPECT_EQ(again->lost_shims, story.lost_shims);
  EXPECT_EQ(again->outside_hands, story.outside_hands);
}

TEST(StoryTextTest, NothingGetsLost) {
  Story story;
  story.sink_disturbed = true;
  story.calls.push_back({.method = "State",
                         .process = {"c1", "e1"},
                         .connection = 3,
                         .sent_us = 4,
                         .replied_us = 5,
                         .code = absl::StatusCode::kNotFound,
                         .pid = 6,
                         .status = TaskStatus::kStopped,
                         .exit_status = 7,
                         .exited_at_ns = 8});
  EventFact& fact = story.events.emplace_back();
  fact.received_us = 9;
  fact.event.topic = "/tasks/exit";
  fact.event.type_url = "acme.Exit";
  fact.event.ns = "ns";
  fact.event.timestamp_ns = 10;
  fact.event.decodable = false;
  fact.event.container_id = "c1";
  fact.event.id = "i1";
  fact.event.exec_id = "e1";
  fact.event.pid = 11;
  fact.event.exit_status = 12;
  fact.event.exited_at_ns = 13;
  const absl::StatusOr<Story> again = ParseStory(StoryText(story));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(StoryText(*again), StoryText(story));
  EXPECT_TRUE(again->sink_disturbed);
  EXPECT_EQ(again->calls[0].code, absl::StatusCode::kNotFound);
  EXPECT_EQ(again->calls[0].status, TaskStatus::kStopped);
  EXPECT_EQ(again->calls[0].process, (ProcessKey{"c1", "e1"}));
  EXPECT_FALSE(again->events[0].event.decodable);
  EXPECT_EQ(again->events[0].event.id, "i1");
}

TEST(StoryTextTest, RefusedEnvelopesStayRefused) {
  Story story = OutOfOrder();
  story.events[0].acceptance = absl::InvalidArgumentError("no topic");
  const absl::StatusOr<Story> again = ParseStory(StoryText(story));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(JudgeHistory(*again), JudgeHistory(story));
}

TEST(StoryTextTest, MistakesAreNamed) {
  const auto mistake = [](const std::string& text) {
    return std::string(ParseStory(text).status().message());
  };
  EXPECT_THAT(mistake("x"), HasSubstr("no JSON"));
  EXPECT_EQ(mistake("{}"), "story.schema: missing");
  EXPECT_EQ(mistake(R"({"schema":2})"), "story.schema: is 2, this build reads 1");
  std::string shim = StoryText(OutOfOrder());
  shim.replace(shim.find("\"7\""), 3, "\"x\"");
  EXPECT_EQ(mistake(shim), "story.lost_shims: expected numbers");
  std::string text = StoryText(OutOfOrder());
  text.replace(text.find("\"method\""), 8, "\"mothod\"");
  EXPECT_EQ(mistake(text), "story.calls[0].method: missing");
}

TEST(StoryTextTest, AStoryWithoutEndIsNotWritten) {
  Story story;
  story.calls.resize(kStoryFactsMax);
  EXPECT_THAT(StoryText(story), Not(IsEmpty()));
  story.calls.resize(kStoryFactsMax + 1);
  EXPECT_THAT(StoryText(story), IsEmpty());
}

}  // namespace
}  // namespace conformance
