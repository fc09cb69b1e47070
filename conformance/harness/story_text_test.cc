// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/story_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/harness/history_judge.h"

namespace conformance {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
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
  std::string text = StoryText(OutOfOrder());
  text.replace(text.find("\"method\""), 8, "\"mothod\"");
  EXPECT_EQ(mistake(text), "story.calls[0].method: missing");
}

TEST(StoryTextTest, AStoryWithoutEndIsNotWritten) {
  Story story;
  story.calls.resize(kStoryFactsMax + 1);
  EXPECT_THAT(StoryText(story), IsEmpty());
}

}  // namespace
}  // namespace conformance
