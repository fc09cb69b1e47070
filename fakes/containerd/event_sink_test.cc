// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/event_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

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
#include "ttrpc/envelope.h"

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
               absl::StatusCode code = absl::StatusCode::kUnavailable,
               std::size_t forwards = EventSink::kForEver) {
    sink_.SetMode(mode, delay, code, forwards);
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

TEST_F(EventSinkTest, RefusesAsOftenAsToldThenAccepts) {
  SetMode(EventSink::Mode::kRefuse, {}, absl::StatusCode::kInternal, 2);
  Publisher publisher(loop_, sink_.path());
  for (const bool refused : {true, true, false, false}) {
    const auto outcome = publisher.Send(ExitOf("c1"));
    ASSERT_TRUE(Await(outcome));
    EXPECT_EQ(absl::IsInternal((*outcome)->status()), refused) << (*outcome)->status();
    EXPECT_EQ((*outcome)->ok(), !refused);
  }
  EXPECT_EQ(sink_.received(), 4u);
}

TEST_F(EventSinkTest, TearsItsAnswersAndListensOn) {
  SetMode(EventSink::Mode::kTears);
  for (const char* id : {"c1", "c2"}) {
    Publisher publisher(loop_, sink_.path());
    const auto lost = publisher.Send(ExitOf(id));
    ASSERT_TRUE(Await(lost));
    EXPECT_TRUE(absl::IsUnavailable((*lost)->status())) << (*lost)->status();
    EXPECT_TRUE(publisher.closed());
  }
  ASSERT_EQ(events_.size(), 2u);
  EXPECT_EQ(events_[0].topic, "/tasks/exit");
  EXPECT_EQ(events_[1].timestamp_ns, 5'000'000'000);
  SetMode(EventSink::Mode::kPrompt);
  Publisher again(loop_, sink_.path());
  const auto outcome = again.Send(ExitOf("c3"));
  ASSERT_TRUE(Await(outcome));
  EXPECT_TRUE((*outcome)->ok()) << (*outcome)->status();
  EXPECT_EQ(sink_.received(), 3u);
}

// What the client sees is not only a closed connection: bytes have come that are no answer.
TEST_F(EventSinkTest, TornAnswersAreHalfAHeader) {
  SetMode(EventSink::Mode::kTears);
  auto socket = ttrpc::ConnectUnix(sink_.path());
  ASSERT_TRUE(socket.ok()) << socket.status();
  const std::string body = ttrpc::EncodeRequest({.service = "s", .method = "m"});
  const std::string frame =
      std::string({0, 0, 0, static_cast<char>(body.size()), 0, 0, 0, 1, 1, 0}) + body;
  ASSERT_EQ(::write(socket->get(), frame.data(), frame.size() - 1),
            static_cast<ssize_t>(frame.size() - 1));
  std::string answer(100, '?');
  loop_.run_for(std::chrono::milliseconds(5));
  EXPECT_EQ(::recv(socket->get(), answer.data(), answer.size(), MSG_DONTWAIT), -1)
      << "answered a request that was not whole";
  ASSERT_EQ(::write(socket->get(), frame.data() + frame.size() - 1, 1), 1);
  ASSERT_TRUE(RunUntil(loop_, [&] { return sink_.received() == 1; }));
  EXPECT_EQ(::recv(socket->get(), answer.data(), answer.size(), 0), 5);
  ASSERT_TRUE(RunUntil(loop_, [&] {
    return ::recv(socket->get(), answer.data(), answer.size(), MSG_DONTWAIT) == 0;
  })) << "the connection stays open";
}

TEST_F(EventSinkTest, TearsAsOftenAsToldThenAccepts) {
  SetMode(EventSink::Mode::kTears, {}, absl::StatusCode::kOk, 1);
  Publisher torn(loop_, sink_.path());
  ASSERT_TRUE(Await(torn.Send(ExitOf("c1"))));
  Publisher again(loop_, sink_.path());
  const auto outcome = again.Send(ExitOf("c1"));
  ASSERT_TRUE(Await(outcome));
  EXPECT_TRUE((*outcome)->ok()) << (*outcome)->status();
}

TEST_F(EventSinkTest, FrozenIsConnectedToButReadsOnlyWhenThawed) {
  Publisher before(loop_, sink_.path());
  ASSERT_TRUE(Await(before.Send(ExitOf("c0"))));
  SetMode(EventSink::Mode::kFrozen);
  ASSERT_TRUE(RunUntil(loop_, [&] { return before.closed(); }));
  EXPECT_TRUE(sink_.listening());
  Publisher publisher(loop_, sink_.path());
  const auto outcome = publisher.Send(ExitOf("c1"));
  loop_.run_for(std::chrono::milliseconds(5));
  EXPECT_FALSE(outcome->has_value());
  EXPECT_FALSE(publisher.closed());
  EXPECT_EQ(sink_.received(), 1u);
  SetMode(EventSink::Mode::kPrompt);
  ASSERT_TRUE(Await(outcome));
  EXPECT_TRUE((*outcome)->ok()) << (*outcome)->status();
  EXPECT_EQ(sink_.received(), 2u);
}

TEST_F(EventSinkTest, StopsAndStartsInAnyMode) {
  for (const auto mode : {EventSink::Mode::kTears, EventSink::Mode::kFrozen}) {
    SetMode(mode);
    sink_.Stop();
    EXPECT_FALSE(ttrpc::ConnectUnix(sink_.path()).ok());
    ASSERT_TRUE(sink_.Start().ok());
    EXPECT_TRUE(ttrpc::ConnectUnix(sink_.path()).ok());
  }
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
