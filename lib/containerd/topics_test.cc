// SPDX-License-Identifier: Apache-2.0
#include "containerd/topics.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "events/task.pb.h"

namespace containerd {
namespace {

using ::testing::HasSubstr;

// Every message of events/task.proto that is an event has its topic, and nothing else has.
TEST(TopicsTest, CoverTheEventMessages) {
  std::set<std::string> messages;
  const google::protobuf::FileDescriptor* file = events::TaskExit::descriptor()->file();
  for (int i = 0; i < file->message_type_count(); ++i) {
    messages.insert(file->message_type(i)->full_name());
  }
  messages.erase("containerd.events.TaskIO");
  std::set<std::string> types;
  for (const Topic& topic : kTaskTopics) types.insert(std::string(topic.type_name));
  EXPECT_EQ(types, messages);
  EXPECT_EQ(types.size(), kTaskTopics.size());
}

TEST(TopicsTest, AreValidAndDistinct) {
  std::set<std::string> names;
  for (const Topic& topic : kTaskTopics) {
    EXPECT_TRUE(ValidateTopic(topic.name).ok()) << topic.name;
    names.insert(std::string(topic.name));
  }
  EXPECT_EQ(names.size(), kTaskTopics.size());
}

TEST(TopicsTest, AreFoundBothWays) {
  for (const Topic& topic : kTaskTopics) {
    ASSERT_NE(FindTopicByName(topic.name), nullptr);
    EXPECT_EQ(*FindTopicByName(topic.name), topic);
    ASSERT_NE(FindTopicByType(topic.type_name), nullptr);
    EXPECT_EQ(*FindTopicByType(topic.type_name), topic);
  }
  EXPECT_EQ(FindTopicByName("/tasks/"), nullptr);
  EXPECT_EQ(FindTopicByName(""), nullptr);
  EXPECT_EQ(FindTopicByType("TaskExit"), nullptr);
}

TEST(TopicsTest, ValidationFollowsContainerd) {
  for (const char* good : {"/tasks", "/tasks/exit", "/a/b/c", "/containers/x-1"}) {
    EXPECT_TRUE(ValidateTopic(good).ok()) << good;
  }
  for (const char* bad :
       {"", "tasks/exit", "/", "//", "/tasks/", "/tasks//exit", "/tasks/?", "/tasks/ex it"}) {
    EXPECT_EQ(ValidateTopic(bad).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  EXPECT_THAT(std::string(ValidateTopic("/tasks/?").message()), HasSubstr("topic \"/tasks/?\""));
}

}  // namespace
}  // namespace containerd
