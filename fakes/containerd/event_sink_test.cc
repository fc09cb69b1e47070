// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/event_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/testing/leak_guard.h"
#include "containerd/timestamps.h"
#include "events/task.pb.h"
#include "fakes/containerd/testing/run_until.h"
#include "services/events/ttrpc.ttrpc.h"
#include "ttrpc/client.h"

namespace fakes {
namespace {

using containerd::services::events::ttrpc::v1::EventsClient;
using containerd::services::events::ttrpc::v1::ForwardRequest;
using fakes::testing::RunUntil;
using Outcome = std::optional<absl::StatusOr<google::protobuf::Empty>>;

// One shim's side of the event connection.
class Publisher {
 public:
  Publisher(boost::asio::io_context& loop, const std::string& path) {
    auto socket = ttrpc::ConnectUnix(path);
    EXPECT_TRUE(socket.ok()) << socket.status();
    client_ = std::make_unique<ttrpc::Client>(loop, *std::move(socket));
  }
  // The outcome appears in the result when it is there.
  std::shared_ptr<Outcome> Send(const ForwardRequest& request) {
    auto outcome = std::make_shared<Outcome>();
    EventsClient(*client_).Forward(request, {},
                                   [outcome](absl::StatusOr<google::protobuf::Empty> result) {
                                     *outcome = std::move(result);
                                   });
    return outcome;
  }
  [[nodiscard]] bool closed() const { return client_->closed(); }

 private:
  std::unique_ptr<ttrpc::Client> client_;
};

ForwardRequest ExitOf(const std::string& container) {
  containerd::events::TaskExit exit;
  exit.set_container_id(container);
  exit.set_exit_status(7);
  ForwardRequest request;
  *request.mutable_envelope()->mutable_timestamp() =
      containerd::ToTimestamp(std::chrono::system_clock::time_point(std::chrono::seconds(5)));
  request.mutable_envelope()->set_namespace_("ns");
  request.mutable_envelope()->set_topic("/tasks/exit");
  request.mutable_envelope()->mutable_event()->set_type_url("containerd.events.TaskExit");
  request.mutable_envelope()->mutable_event()->set_value(exit.SerializeAsString());
  return request;
}

class EventSinkTest : public base::testing::ProcessTest {
 protected:
  EventSinkTest()
      : sink_(loop_, temp_.File("events.sock"),
              [this](const ForwardedEvent& event) { events_.push_back(event); }) {
    const absl::Status status = sink_.Start();
    EXPECT_TRUE(status.ok()) << status;
  }
  void SetMode(EventSink::Mode mode, std::chrono::milliseconds delay = {},
               absl::StatusCode code = absl::StatusCode::kUnavailable) {
    sink_.SetMode(mode, delay, code);
  }
  bool Await(const std::shared_ptr<Outcome>& outcome) {
    return RunUntil(loop_, [&] { return outcome->has_value(); });
  }

  boost::asio::io_context loop_;
  std::vector<ForwardedEvent> events_;
  EventSink sink_;
};

TEST_F(EventSinkTest, PromptAnswersAndHandsOverTheEnvelope) {
  Publisher publisher(loop_, sink_.path());
  const auto outcome = publisher.Send(ExitOf("c1"));
  ASSERT_TRUE(Await(outcome));
  EXPECT_TRUE((*outcome)->ok()) << (*outcome)->status();
  ASSERT_EQ(events_.size(), 1u);
  EXPECT_EQ(events_[0].ns, "ns");
  EXPECT_EQ(events_[0].topic, "/tasks/exit");
  EXPECT_EQ(events_[0].type_url, "containerd.events.TaskExit");
  EXPECT_EQ(events_[0].timestamp_ns, 5'000'000'000);
  EXPECT_TRUE(events_[0].acceptance.ok());
  containerd::events::TaskExit exit;
  ASSERT_TRUE(exit.ParseFromString(events_[0].payload));
  EXPECT_EQ(exit.container_id(), "c1");
  EXPECT_EQ(sink_.received(), 1u);
  EXPECT_EQ(sink_.outstanding_max(), 1u);
  EXPECT_EQ(sink_.connections(), 1u);
}

// EVT-02: what containerd refuses, its stand-in refuses as well.
TEST_F(EventSinkTest, PromptRefusesBadEnvelopes) {
  Publisher publisher(loop_, sink_.path());
  ForwardRequest without_time = ExitOf("c1");
  without_time.mutable_envelope()->clear_timestamp();
  ForwardRequest bad_topic = ExitOf("c1");
  bad_topic.mutable_envelope()->set_topic("tasks");
  for (const ForwardRequest& request : {without_time, bad_topic}) {
    const auto outcome = publisher.Send(request);
    ASSERT_TRUE(Await(outcome));
    EXPECT_TRUE(absl::IsInvalidArgument((*outcome)->status())) << (*outcome)->status();
  }
  ASSERT_EQ(events_.size(), 2u);
  EXPECT_FALSE(events_[0].acceptance.ok());
  EXPECT_EQ(events_[0].timestamp_ns, 0);
  EXPECT_FALSE(events_[1].acceptance.ok());
}

TEST_F(EventSinkTest, RefusesWithTheCodeItIsTold) {
  SetMode(EventSink::Mode::kRefuse, {}, absl::StatusCode::kResourceExhausted);
  Publisher publisher(loop_, sink_.path());
  const auto outcome = publisher.Send(ExitOf("c1"));
  ASSERT_TRUE(Await(outcome));
  EXPECT_TRUE(absl::IsResourceExhausted((*outcome)->status())) << (*outcome)->status();
  EXPECT_EQ(events_.size(), 1u);
}

TEST_F(EventSinkTest, SlowAnswersAfterItsDelayAndCountsWhatIsOpen) {
  SetMode(EventSink::Mode::kSlow, std::chrono::milliseconds(20));
  Publisher publisher(loop_, sink_.path());
  const auto begin = std::chrono::steady_clock::now();
  const auto first = publisher.Send(ExitOf("c1"));
  const auto second = publisher.Send(ExitOf("c2"));
  ASSERT_TRUE(RunUntil(loop_, [&] { return events_.size() == 2; }));
  EXPECT_FALSE(first->has_value());
  ASSERT_TRUE(Await(first));
  ASSERT_TRUE(Await(second));
  EXPECT_TRUE((*first)->ok() && (*second)->ok());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(20));
  EXPECT_EQ(sink_.outstanding_max(), 2u);
}

TEST_F(EventSinkTest, SilentNeverAnswersWhatItGot) {
  SetMode(EventSink::Mode::kSilent);
  Publisher publisher(loop_, sink_.path());
  const auto unanswered = publisher.Send(ExitOf("c1"));
  ASSERT_TRUE(RunUntil(loop_, [&] { return events_.size() == 1; }));
  SetMode(EventSink::Mode::kPrompt);
  const auto answered = publisher.Send(ExitOf("c2"));  // the connection is alive
  ASSERT_TRUE(Await(answered));
  EXPECT_TRUE((*answered)->ok());
  EXPECT_FALSE(unanswered->has_value());
  sink_.Stop();
  ASSERT_TRUE(Await(unanswered));
  EXPECT_TRUE(absl::IsUnavailable((*unanswered)->status())) << (*unanswered)->status();
}

TEST_F(EventSinkTest, ClosesDropsTheConnectionButListensOn) {
  SetMode(EventSink::Mode::kCloses);
  Publisher publisher(loop_, sink_.path());
  const auto lost = publisher.Send(ExitOf("c1"));
  ASSERT_TRUE(Await(lost));
  EXPECT_TRUE(absl::IsUnavailable((*lost)->status())) << (*lost)->status();
  EXPECT_TRUE(publisher.closed());
  SetMode(EventSink::Mode::kPrompt);
  Publisher again(loop_, sink_.path());
  const auto outcome = again.Send(ExitOf("c1"));
  ASSERT_TRUE(Await(outcome));
  EXPECT_TRUE((*outcome)->ok());
  EXPECT_EQ(sink_.received(), 2u);
}

TEST_F(EventSinkTest, StopLeavesNothingToConnectTo) {
  Publisher publisher(loop_, sink_.path());
  ASSERT_TRUE(Await(publisher.Send(ExitOf("c1"))));
  struct stat before {};
  ASSERT_EQ(::stat(sink_.path().c_str(), &before), 0);
  sink_.Stop();
  ASSERT_TRUE(RunUntil(loop_, [&] { return publisher.closed(); }));
  struct stat info {};
  EXPECT_NE(::stat(sink_.path().c_str(), &info), 0);
  EXPECT_FALSE(ttrpc::ConnectUnix(sink_.path()).ok());
  EXPECT_FALSE(sink_.listening());

  ASSERT_TRUE(sink_.Start().ok());
  Publisher again(loop_, sink_.path());
  const auto outcome = again.Send(ExitOf("c1"));
  ASSERT_TRUE(Await(outcome));
  EXPECT_TRUE((*outcome)->ok());
}

TEST_F(EventSinkTest, StartReplacesAStaleFile) {
  sink_.Stop();
  base::testing::WriteFile(sink_.path(), "stale");
  ASSERT_TRUE(sink_.Start().ok());
  Publisher publisher(loop_, sink_.path());
  EXPECT_TRUE(Await(publisher.Send(ExitOf("c1"))));
}

// A client that goes away while its call is held back.
TEST_F(EventSinkTest, AbandonedCallsAreNotOutstanding) {
  SetMode(EventSink::Mode::kSilent);
  {
    Publisher gone(loop_, sink_.path());
    gone.Send(ExitOf("c1"));
    ASSERT_TRUE(RunUntil(loop_, [&] { return events_.size() == 1; }));
  }
  ASSERT_TRUE(RunUntil(loop_, [&] { return sink_.connections() == 0; }));
  Publisher publisher(loop_, sink_.path());
  publisher.Send(ExitOf("c2"));
  ASSERT_TRUE(RunUntil(loop_, [&] { return events_.size() == 2; }));
  EXPECT_EQ(sink_.outstanding_max(), 1u);
}

}  // namespace
}  // namespace fakes
