// SPDX-License-Identifier: Apache-2.0
// Our messages against frames recorded from another implementation (fixtures/ttrpc/README.md):
// what the Go shim answered and the events it forwarded over the life of one container, which ended
// with code 7.
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "containerd/envelope.h"
#include "containerd/timestamps.h"
#include "containerd/topics.h"
#include "events/task.pb.h"
#include "task/v3/task.pb.h"
#include "ttrpc/envelope.h"
#include "ttrpc/testing/frames.h"

namespace containerd {
namespace {

std::string GoldenData(const std::string& name) {
  std::ifstream in(absl::StrCat(SHIMGAUGE_GOLDEN_DIRECTORY, "/", name, ".bin"), std::ios::binary);
  EXPECT_TRUE(in) << name;
  const auto frames =
      ::ttrpc::testing::SplitFrames(std::string(std::istreambuf_iterator<char>(in), {}));
  EXPECT_EQ(frames.size(), 1u) << name;
  return frames.empty() ? "" : frames[0].data;
}

template <typename Message>
Message Decoded(absl::string_view bytes) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(std::string(bytes)));
  // Nothing in it is unknown to us, and we would have written the same.
  EXPECT_EQ(message.GetReflection()->GetUnknownFields(message).field_count(), 0);
  EXPECT_EQ(message.SerializeAsString(), bytes) << message.DebugString();
  return message;
}

template <typename Message>
Message Request(const std::string& name) {
  const std::string data = GoldenData(name + ".request");
  return Decoded<Message>(::ttrpc::DecodeRequest(data)->payload);
}
template <typename Message>
Message Response(const std::string& name) {
  const std::string data = GoldenData(name + ".reply");
  return Decoded<Message>(::ttrpc::DecodeResponse(data)->payload);
}

template <typename Event>
Event Forwarded(const Topic& topic, const std::string& name) {
  const Envelope envelope =
      Request<services::events::ttrpc::v1::ForwardRequest>("forward-tasks-" + name).envelope();
  EXPECT_TRUE(ValidateEnvelope(envelope).ok()) << ValidateEnvelope(envelope);
  EXPECT_EQ(envelope.topic(), topic.name);
  EXPECT_EQ(envelope.event().type_url(), topic.type_name);
  return Decoded<Event>(envelope.event().value());
}

TEST(GoldenTest, EventsOfALife) {
  const auto created = Forwarded<events::TaskCreate>(kTaskCreateTopic, "create");
  EXPECT_EQ(created.container_id(), "golden");
  EXPECT_THAT(created.bundle(), ::testing::StartsWith("/"));
  EXPECT_TRUE(created.has_io());
  EXPECT_GT(created.pid(), 0u);

  const auto started = Forwarded<events::TaskStart>(kTaskStartTopic, "start");
  EXPECT_EQ(started.container_id(), "golden");
  EXPECT_EQ(started.pid(), created.pid());

  const auto exited = Forwarded<events::TaskExit>(kTaskExitTopic, "exit");
  EXPECT_EQ(exited.container_id(), "golden");
  EXPECT_EQ(exited.id(), "golden");  // EVT-11
  EXPECT_EQ(exited.pid(), created.pid());
  EXPECT_EQ(exited.exit_status(), 7u);
  EXPECT_TRUE(FromTimestamp(exited.exited_at()));

  const auto deleted = Forwarded<events::TaskDelete>(kTaskDeleteTopic, "delete");
  EXPECT_EQ(deleted.container_id(), "golden");
  EXPECT_EQ(deleted.pid(), created.pid());
  EXPECT_EQ(deleted.exit_status(), 7u);
  EXPECT_EQ(deleted.exited_at().nanos(), exited.exited_at().nanos());
}

TEST(GoldenTest, Answers) {
  const auto connected = Response<task::v3::ConnectResponse>("connect");
  EXPECT_GT(connected.shim_pid(), 0u);
  const auto waited = Response<task::v3::WaitResponse>("wait");
  EXPECT_EQ(waited.exit_status(), 7u);
  EXPECT_EQ(waited.exited_at().nanos(),
            Forwarded<events::TaskExit>(kTaskExitTopic, "exit").exited_at().nanos());  // TASK-07
}

TEST(GoldenTest, Requests) {
  EXPECT_EQ(Request<task::v3::CreateTaskRequest>("create-exists").id(), "golden");
  EXPECT_EQ(Request<task::v3::KillRequest>("kill-finished").id(), "golden");
}

}  // namespace
}  // namespace containerd
