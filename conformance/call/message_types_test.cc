// SPDX-License-Identifier: Apache-2.0
#include "conformance/call/message_types.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "conformance/call/socket_argument.h"

namespace conformance {
namespace {

using ::testing::HasSubstr;

TEST(MessageTypesTest, MethodsAreFoundByEveryFormOfTheirName) {
  for (const char* words : {"State", "Task/State"}) {
    const absl::StatusOr<MethodName> method = FindMethod(words);
    ASSERT_TRUE(method.ok()) << method.status();
    ASSERT_EQ(method->services.size(), 2u);
    EXPECT_EQ(method->services[0].name, "containerd.task.v3.Task");
    EXPECT_EQ(method->services[1].name, "containerd.task.v2.Task");
    EXPECT_EQ(method->method->name(), "State");
  }
  for (const char* words : {"v2.Task/State", "containerd.task.v2.Task/State"}) {
    const absl::StatusOr<MethodName> method = FindMethod(words);
    ASSERT_TRUE(method.ok()) << method.status();
    ASSERT_EQ(method->services.size(), 1u);
    EXPECT_EQ(method->services[0].name, "containerd.task.v2.Task");
  }
  EXPECT_TRUE(FindMethod("Events/Forward").ok());
}

TEST(MessageTypesTest, UnknownMethodsNameTheNearest) {
  EXPECT_EQ(std::string(FindMethod("Task/state").status().message()),
            "no method 'Task/state'; there are: Task/State");
  EXPECT_THAT(std::string(FindMethod("Task/Jump").status().message()),
              HasSubstr("there are: Task/State, Task/Create"));
  EXPECT_THAT(std::string(FindMethod("ask/State").status().message()),
              HasSubstr("no service 'ask'; there are: containerd.task.v3.Task"));
}

TEST(MessageTypesTest, MessagesAreFoundByTheEndOfTheirName) {
  EXPECT_EQ((*FindMessage("TaskExit"))->full_name(), "containerd.events.TaskExit");
  EXPECT_EQ((*FindMessage("type.googleapis.com/containerd.events.TaskExit"))->full_name(),
            "containerd.events.TaskExit");
  EXPECT_EQ((*FindMessage("v2.Metrics"))->full_name(), "io.containerd.cgroups.v2.Metrics");
  EXPECT_EQ(FindMessage("Metrics").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FindMessage("askExit").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(FindMessage("").status().code(), absl::StatusCode::kNotFound);
}

TEST(SocketArgumentTest, TakesWhatPeopleAndShimsWrite) {
  EXPECT_EQ(*ParseSocketArgument("s.sock"), "s.sock");
  EXPECT_EQ(*ParseSocketArgument("unix:///run/s"), "/run/s");
  EXPECT_EQ(*ParseSocketArgument("ttrpc+unix:///run/s"), "/run/s");
  EXPECT_EQ(*ParseSocketArgument("@/abstract"), "@/abstract");
  EXPECT_FALSE(ParseSocketArgument("").ok());
  EXPECT_THAT(std::string(ParseSocketArgument("vsock://3:1024").status().message()),
              HasSubstr("only unix sockets"));
}

}  // namespace
}  // namespace conformance
