// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "conformance/harness/because.h"
#include "conformance/harness/event_sink.h"
#include "conformance/harness/events_decode.h"
#include "events/task.pb.h"

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

template <typename Message>
fakes::ForwardedEvent Forwarded(const std::string& topic, const Message& message) {
  fakes::ForwardedEvent forwarded;
  forwarded.topic = topic;
  forwarded.type_url = message.GetTypeName();
  forwarded.ns = "ns";
  forwarded.payload = message.SerializeAsString();
  return forwarded;
}

TEST(DecodeEvent, ReadsAnExitOfAnExec) {
  containerd::events::TaskExit exit;
  exit.set_container_id("c1");
  exit.set_id("e1");
  exit.set_pid(42);
  exit.set_exit_status(137);
  exit.mutable_exited_at()->set_seconds(3);
  exit.mutable_exited_at()->set_nanos(5);
  const Event event = DecodeEvent(Forwarded("/tasks/exit", exit));
  EXPECT_TRUE(event.decodable);
  EXPECT_EQ(event.container_id, "c1");
  EXPECT_EQ(event.process(), "e1");
  EXPECT_EQ(event.pid, 42u);
  EXPECT_EQ(event.exit_status, 137u);
  EXPECT_EQ(event.exited_at_ns, 3'000'000'005);
  EXPECT_THAT(event.payload_text, HasSubstr("exit_status: 137"));
  EXPECT_EQ(::testing::PrintToString(event), "/tasks/exit c1 process=e1 pid=42 status=137");
}

TEST(IsRetryTest, IsTheSameEnvelopeAfterTheTimeThatSendersWait) {
  using std::chrono::milliseconds;
  containerd::events::TaskStart start;
  start.set_container_id("c1");
  fakes::ForwardedEvent forwarded = Forwarded("/tasks/start", start);
  forwarded.timestamp_ns = 1'000'000'000'000;
  const std::chrono::system_clock::time_point sent(std::chrono::seconds(1000));
  const std::vector<Event> before = {DecodeEvent(forwarded)};
  EXPECT_TRUE(IsRetry(before[0], before, sent + milliseconds(5000)));
  EXPECT_FALSE(IsRetry(before[0], before, sent + milliseconds(4999)));
  EXPECT_FALSE(IsRetry(before[0], {}, sent + milliseconds(5000)));

  std::vector<fakes::ForwardedEvent> others(5, forwarded);
  others[0].topic = "/tasks/oom";
  others[1].type_url = "containerd.events.TaskOOM";
  others[2].ns = "other";
  others[3].payload += others[3].payload;
  others[4].timestamp_ns -= 1;
  for (const fakes::ForwardedEvent& other : others) {
    EXPECT_FALSE(IsRetry(DecodeEvent(other), before, sent + milliseconds(6000))) << other.topic;
  }
}

TEST(DecodeEvent, KeepsTheEnvelope) {
  fakes::ForwardedEvent forwarded = Forwarded("/tasks/start", containerd::events::TaskStart());
  forwarded.timestamp_ns = 17;
  forwarded.received += std::chrono::seconds(5);
  const Event event = DecodeEvent(forwarded);
  EXPECT_EQ(event.topic, "/tasks/start");
  EXPECT_EQ(event.ns, "ns");
  EXPECT_EQ(event.timestamp_ns, forwarded.timestamp_ns);
  EXPECT_EQ(event.payload, forwarded.payload);
  EXPECT_EQ(event.received, forwarded.received);
}

TEST(DecodeEvent, ReadsNothingOutOfWhatIsBroken) {
  containerd::events::TaskExit exit;
  exit.set_container_id("c1");
  fakes::ForwardedEvent forwarded = Forwarded("/tasks/exit", exit);
  forwarded.payload += "\xff\xff";  // after a field that could be read
  const Event event = DecodeEvent(forwarded);
  EXPECT_FALSE(event.decodable);
  EXPECT_EQ(event.container_id, "");
  EXPECT_EQ(event.payload_text, "");
}

TEST(Events, PrintWhatTheyHave) {
  Event event;
  event.topic = "/tasks/create";
  EXPECT_EQ(::testing::PrintToString(event), "/tasks/create");
  event.container_id = "c1";
  event.id = "c1";
  event.pid = 1;
  EXPECT_EQ(::testing::PrintToString(event), "/tasks/create c1 pid=1");
  event.topic = "/tasks/delete";
  event.exit_status = 3;
  EXPECT_EQ(::testing::PrintToString(event), "/tasks/delete c1 pid=1 status=3");
  event.decodable = false;
  event.type_url = "acme.X";
  EXPECT_EQ(::testing::PrintToString(event),
            "/tasks/delete c1 pid=1 status=3 (undecodable acme.X)");
}

TEST(DecodeEvent, TheInitHasTheContainersIdOrNone) {
  containerd::events::TaskExit exit;
  exit.set_container_id("c1");
  exit.set_id("c1");
  EXPECT_EQ(DecodeEvent(Forwarded("/tasks/exit", exit)).process(), "");
  containerd::events::TaskDelete deleted;
  deleted.set_container_id("c1");
  EXPECT_EQ(DecodeEvent(Forwarded("/tasks/delete", deleted)).process(), "");
}

TEST(DecodeEvent, ReadsExecEventsAndRarerFields) {
  containerd::events::TaskExecStarted started;
  started.set_container_id("c1");
  started.set_exec_id("e1");
  started.set_pid(7);
  const Event event = DecodeEvent(Forwarded("/tasks/exec-started", started));
  EXPECT_EQ(event.process(), "e1");
  EXPECT_EQ(event.pid, 7u);
  containerd::events::TaskCreate create;
  create.set_container_id("c1");
  create.mutable_io()->set_stdout("/fifo");
  EXPECT_THAT(DecodeEvent(Forwarded("/tasks/create", create)).payload_text,
              HasSubstr("stdout: \"/fifo\""));
}

TEST(DecodeEvent, GoesByTheTypeAlsoWithAPrefix) {
  containerd::events::TaskStart start;
  start.set_container_id("c1");
  fakes::ForwardedEvent forwarded = Forwarded("/tasks/start", start);
  forwarded.type_url = "type.googleapis.com/" + forwarded.type_url;
  const Event event = DecodeEvent(forwarded);
  EXPECT_EQ(event.container_id, "c1");
  EXPECT_EQ(event.type_url, "type.googleapis.com/containerd.events.TaskStart");
}

TEST(DecodeEvent, TellsWhatCannotBeRead) {
  fakes::ForwardedEvent broken = Forwarded("/tasks/start", containerd::events::TaskStart());
  broken.payload = "\xff\xff";
  EXPECT_FALSE(DecodeEvent(broken).decodable);
  fakes::ForwardedEvent unknown = Forwarded("/tasks/start", containerd::events::TaskStart());
  unknown.type_url = "acme.Start";
  EXPECT_FALSE(DecodeEvent(unknown).decodable);
  unknown.topic = "/acme/start";  // nobody's topic, nobody's business
  EXPECT_TRUE(DecodeEvent(unknown).decodable);
}

Event Of(const std::string& topic, const std::string& container, const std::string& exec = "") {
  Event event;
  event.topic = "/tasks/" + topic;
  event.container_id = container;
  event.exec_id = exec;
  return event;
}

TEST(Events, CanBeFilteredAndMatchedInOrder) {
  const std::vector<Event> events = {Of("create", "c1"), Of("create", "c2"), Of("start", "c1"),
                                     Of("exec-added", "c1", "e1")};
  EXPECT_THAT(ForContainer(events, "c1"),
              ElementsAre(Topic("create"), Topic("start"), Topic("exec-added")));
  EXPECT_THAT(ForProcess(events, "c1", ""), ElementsAre(Topic("create"), Topic("start")));
  EXPECT_THAT(ForProcess(events, "c1", "e1"), ElementsAre(Topic("exec-added")));
  EXPECT_THAT(ForProcess(events, "c3", ""), SizeIs(0));
}

TEST(DefaultWhyCode, FollowsWhatWasAskedFor) {
  using Ended = absl::StatusOr<ExitInfo>;
  const Ended ended = ExitInfo{.exit_status = 7};
  const Ended failed = absl::NotFoundError("x");
  using Holds = decltype(IsOkAndHolds(ExitedWith(7)));
  EXPECT_STREQ(DefaultWhyCode<Holds>(ended), why::kExitStatus);
  EXPECT_STREQ(DefaultWhyCode<Holds>(failed), why::kReplyCode);
  EXPECT_STREQ(DefaultWhyCode<decltype(IsError())>(ended), why::kReplyCode);
  EXPECT_STREQ(DefaultWhyCode<decltype(IsOk())>(absl::OkStatus()), why::kReplyCode);
  EXPECT_STREQ(DefaultWhyCode<int>(7), why::kReplyField);
  EXPECT_STREQ(DefaultWhyCode<int>(std::vector<Event>()), why::kEventOrder);
}

}  // namespace
}  // namespace conformance
