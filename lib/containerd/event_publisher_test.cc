// SPDX-License-Identifier: Apache-2.0
#include "containerd/event_publisher.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <deque>
#include <memory>
#include <optional>

#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "containerd/envelope.h"
#include "containerd/timestamps.h"
#include "services/events/ttrpc.ttrpc.h"
#include "ttrpc/server.h"
#include "ttrpc/testing/loop_test.h"

namespace containerd {
namespace {

namespace wire = services::events::ttrpc::v1;
using google::protobuf::Empty;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr seconds kPatience{30};  // a cap, never waited for when things work

// Stands in for containerd: records what is forwarded and answers as told.
class Sink : public wire::EventsService {
 public:
  void Forward(const wire::ForwardRequest& request, const ::ttrpc::CallInfo& call,
               ::ttrpc::Reply<Empty> reply) override {
    envelopes.push_back(request.envelope());
    calls.push_back(call);
    if (!answers.empty()) {
      const absl::Status answer = answers.front();
      answers.pop_front();
      if (!answer.ok()) return std::move(reply)(answer);
    } else if (hold) {
      held.push_back(std::move(reply));
      return;
    }
    std::move(reply)(Empty());
  }

  std::vector<std::string> Topics() const {
    std::vector<std::string> topics;
    for (const Envelope& envelope : envelopes) topics.push_back(envelope.topic());
    return topics;
  }

  std::vector<Envelope> envelopes;
  std::vector<::ttrpc::CallInfo> calls;
  std::deque<absl::Status> answers;  // for the next calls
  bool hold = false;                 // afterwards: keep unanswered in `held` instead of OK
  std::deque<::ttrpc::Reply<Empty>> held;
};

base::UniqueFd Listen(const std::string& path, int backlog = 16) {
  unlink(path.c_str());
  return ::ttrpc::testing::Listen(path, backlog);
}

class EventPublisherTest : public base::testing::ProcessTest {
 protected:
  EventPublisherTest()
      : log_pipe_(*base::testing::MakePipe()), log_(log_pipe_.write.get(), base::LogLevel::kDebug) {
    router_.Add(wire::EventsService::Bind(sink_));
    options_.retry_pauses = {milliseconds(1), milliseconds(1), milliseconds(1)};
  }

  void StartSink() {
    server_.emplace(loop_, router_, log_);
    ASSERT_TRUE(server_->Serve(Listen(path_)).ok());
  }

  void MakePublisher() { publisher_.emplace(loop_, path_, "default", log_, options_); }

  void Publish(const std::string& topic) { publisher_->Publish(topic, "example.Event", "bytes"); }

  // Runs the loop until the predicate holds.
  template <typename Predicate>
  testing::AssertionResult Until(Predicate holds) {
    const auto cap = steady_clock::now() + kPatience;
    while (!holds()) {
      loop_.restart();
      loop_.run_one_until(cap);
      if (steady_clock::now() >= cap) return testing::AssertionFailure() << "timed out";
    }
    return testing::AssertionSuccess();
  }
  testing::AssertionResult UntilDelivered(std::size_t count) {
    return Until([&] { return sink_.envelopes.size() >= count && publisher_->queued() == 0; });
  }
  // What can happen without waiting for anything has happened.
  void Settle() {
    loop_.restart();
    loop_.poll();
  }

  std::string LogText() {
    log_pipe_.write.reset();
    log_ = base::Log();
    return base::testing::ReadToEof(log_pipe_.read);
  }

  std::string path_ = temp_.File("events.sock");
  base::testing::Pipe log_pipe_;
  base::Log log_;
  boost::asio::io_context loop_;
  Sink sink_;
  ::ttrpc::Router router_;
  std::optional<::ttrpc::Server> server_;
  PublisherOptions options_;
  std::optional<EventPublisher> publisher_;
};

TEST_F(EventPublisherTest, EnvelopeAndCallAreAsContainerdExpects) {  // EVT-01...06
  StartSink();
  MakePublisher();
  const auto before = system_clock::now();
  publisher_->Publish("/tasks/exit", "containerd.events.TaskExit",
                      "\x0a\x02"
                      "c1");
  ASSERT_TRUE(UntilDelivered(1));
  const Envelope& envelope = sink_.envelopes[0];
  EXPECT_TRUE(ValidateEnvelope(envelope).ok());
  EXPECT_EQ(envelope.namespace_(), "default");
  EXPECT_EQ(envelope.topic(), "/tasks/exit");
  EXPECT_EQ(envelope.event().type_url(), "containerd.events.TaskExit");
  EXPECT_EQ(envelope.event().value(),
            "\x0a\x02"
            "c1");
  const auto time = FromTimestamp(envelope.timestamp());
  ASSERT_TRUE(time);
  EXPECT_GE(*time, before);
  EXPECT_LE(*time, system_clock::now());
  EXPECT_THAT(sink_.calls[0].metadata,
              ElementsAre(::ttrpc::Metadata{"containerd-namespace-ttrpc", "default"}));
  ASSERT_TRUE(sink_.calls[0].deadline);
  EXPECT_LE(*sink_.calls[0].deadline, steady_clock::now() + seconds(5));
}

TEST_F(EventPublisherTest, AddressMayCarryItsScheme) {
  StartSink();
  publisher_.emplace(loop_, "unix://" + path_, "default", log_, options_);
  Publish("/a");
  EXPECT_TRUE(UntilDelivered(1));
}

TEST_F(EventPublisherTest, DeliversInOrderOneAtATime) {  // EVT-27
  StartSink();
  sink_.hold = true;
  MakePublisher();
  std::vector<std::string> expected;
  for (int i = 0; i < 50; ++i) {
    expected.push_back(absl::StrCat("/t/", i));
    Publish(expected.back());
  }
  EXPECT_EQ(publisher_->queued(), 50u);
  for (std::size_t i = 1; i <= 50; ++i) {
    ASSERT_TRUE(Until([&] { return sink_.envelopes.size() == i; }));
    Settle();
    ASSERT_EQ(sink_.held.size(), 1u) << "the next Forward came before the reply to the last";
    std::move(sink_.held.front())(Empty());
    sink_.held.pop_front();
  }
  ASSERT_TRUE(UntilDelivered(50));
  EXPECT_EQ(sink_.Topics(), expected);
  EXPECT_EQ(publisher_->dropped(), 0u);
}

TEST_F(EventPublisherTest, UsesOneConnection) {
  StartSink();
  MakePublisher();
  for (int i = 0; i < 10; ++i) Publish("/a");
  ASSERT_TRUE(UntilDelivered(10));
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(EventPublisherTest, ConnectsLazilyAndWaitsForAnAbsentSocket) {  // EVT-40, EVT-41
  MakePublisher();
  Settle();
  Publish("/a");  // tries at once, and fails
  Publish("/b");
  StartSink();
  ASSERT_TRUE(UntilDelivered(2));
  EXPECT_THAT(sink_.Topics(), ElementsAre("/a", "/b"));
}

TEST_F(EventPublisherTest, WaitsForAStaleSocketToBeServed) {
  Listen(path_).reset();  // the file stays, connections are refused
  MakePublisher();
  Publish("/a");
  StartSink();
  EXPECT_TRUE(UntilDelivered(1));
}

TEST_F(EventPublisherTest, WaitsForRoomInTheBacklog) {
  base::UniqueFd listener = Listen(path_, 0);
  base::UniqueFd occupant = *::ttrpc::ConnectUnix(path_);  // backlog 0 holds one connection
  MakePublisher();
  Publish("/a");
  EXPECT_EQ(publisher_->queued(), 1u);
  server_.emplace(loop_, router_, log_);
  ASSERT_TRUE(server_->Serve(std::move(listener)).ok());
  EXPECT_TRUE(UntilDelivered(1));
}

TEST_F(EventPublisherTest, GivesUpWhenTheSocketStaysAway) {  // EVT-42
  options_.connect_timeout = milliseconds(20);
  MakePublisher();
  Publish("/a");
  ASSERT_TRUE(Until([&] { return publisher_->queued() == 0; }));
  EXPECT_EQ(publisher_->dropped(), 1u);
  EXPECT_THAT(LogText(), HasSubstr("event /a cannot be delivered"));
}

TEST_F(EventPublisherTest, ReconnectsAfterARestart) {  // EVT-40
  StartSink();
  MakePublisher();
  for (int i = 0; i < 3; ++i) {
    Publish("/a");
    ASSERT_TRUE(UntilDelivered(static_cast<std::size_t>(i) + 1));
    server_.reset();
    StartSink();
  }
  EXPECT_EQ(publisher_->dropped(), 0u);
}

// EVT-41, EVT-45: the connection ends before the reply; the event goes out again at once.
TEST_F(EventPublisherTest, RepeatsAtOnceWhenTheConnectionCloses) {
  options_.retry_pauses = {hours(1)};
  StartSink();
  sink_.hold = true;
  MakePublisher();
  Publish("/a");
  Publish("/b");
  ASSERT_TRUE(Until([&] { return sink_.held.size() == 1; }));
  sink_.hold = false;
  server_.reset();
  sink_.held.clear();
  StartSink();
  ASSERT_TRUE(UntilDelivered(3));
  EXPECT_THAT(sink_.Topics(), ElementsAre("/a", "/a", "/b"));
  // One event, one time (EVT-07).
  EXPECT_EQ(sink_.envelopes[0].timestamp().seconds(), sink_.envelopes[1].timestamp().seconds());
  EXPECT_EQ(sink_.envelopes[0].timestamp().nanos(), sink_.envelopes[1].timestamp().nanos());
}

// A server that hangs up on every call is met at most twice per attempt.
TEST_F(EventPublisherTest, RepeatsOnlyOncePerAttempt) {
  options_.retry_pauses = {};
  const base::UniqueFd listener = Listen(path_);
  ASSERT_EQ(fcntl(listener.get(), F_SETFL, O_NONBLOCK), 0);
  MakePublisher();
  Publish("/a");
  int connections = 0;
  ASSERT_TRUE(Until([&] {
    const base::UniqueFd peer(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (peer.ok()) ++connections;
    return publisher_->queued() == 0;
  }));
  EXPECT_EQ(connections, 2);
  EXPECT_EQ(publisher_->dropped(), 1u);
}

TEST_F(EventPublisherTest, RetriesBeforeItsSuccessors) {  // EVT-42, better than EVT-44
  StartSink();
  sink_.answers = {absl::UnavailableError("away"), absl::InternalError("oops"),
                   absl::DeadlineExceededError("slow")};
  MakePublisher();
  Publish("/a");
  Publish("/b");
  ASSERT_TRUE(UntilDelivered(5));
  EXPECT_THAT(sink_.Topics(), ElementsAre("/a", "/a", "/a", "/a", "/b"));
  EXPECT_EQ(publisher_->dropped(), 0u);
  EXPECT_EQ(sink_.envelopes[0].timestamp().nanos(), sink_.envelopes[3].timestamp().nanos());
}

TEST_F(EventPublisherTest, DropsWhenTheRetriesAreUsedUp) {  // EVT-42, EVT-49
  StartSink();
  sink_.answers.assign(4, absl::InternalError("never"));
  MakePublisher();
  Publish("/a");
  Publish("/b");
  ASSERT_TRUE(UntilDelivered(5));
  EXPECT_THAT(sink_.Topics(), ElementsAre("/a", "/a", "/a", "/a", "/b"));
  EXPECT_EQ(publisher_->dropped(), 1u);
  EXPECT_THAT(LogText(), HasSubstr("event /a cannot be delivered"));
}

TEST_F(EventPublisherTest, RetriesAreCountedPerEvent) {
  StartSink();
  sink_.answers.assign(3, absl::InternalError("oops"));
  sink_.answers.push_back(absl::OkStatus());
  sink_.answers.insert(sink_.answers.end(), 3, absl::InternalError("oops"));
  MakePublisher();
  Publish("/a");
  Publish("/b");
  ASSERT_TRUE(UntilDelivered(8));
  EXPECT_EQ(publisher_->dropped(), 0u);
}

TEST_F(EventPublisherTest, AnInvalidEventIsNotRetried) {  // EVT-02
  options_.retry_pauses = {hours(1)};
  StartSink();
  sink_.answers = {absl::InvalidArgumentError("topic")};
  MakePublisher();
  Publish("bad");
  Publish("/b");
  ASSERT_TRUE(UntilDelivered(2));
  EXPECT_THAT(sink_.Topics(), ElementsAre("bad", "/b"));
  EXPECT_EQ(publisher_->dropped(), 1u);
  EXPECT_THAT(LogText(), HasSubstr("event bad is refused"));
}

TEST_F(EventPublisherTest, ASilentServerIsGivenUpAfterTheDeadline) {  // EVT-41
  options_.forward_timeout = milliseconds(5);
  StartSink();
  sink_.hold = true;
  MakePublisher();
  Publish("/a");
  ASSERT_TRUE(Until([&] { return publisher_->queued() == 0; }));
  EXPECT_EQ(sink_.envelopes.size(), 4u);
  EXPECT_EQ(publisher_->dropped(), 1u);
  sink_.hold = false;
  Publish("/b");
  EXPECT_TRUE(UntilDelivered(5));
}

TEST_F(EventPublisherTest, AFullQueueLosesTheOldest) {  // EVT-28
  options_.queue_max = 3;
  StartSink();
  sink_.hold = true;
  MakePublisher();
  for (int i = 0; i < 6; ++i) Publish(absl::StrCat("/", i));
  EXPECT_EQ(publisher_->queued(), 4u);
  EXPECT_EQ(publisher_->dropped(), 2u);
  ASSERT_TRUE(Until([&] { return sink_.held.size() == 1; }));
  sink_.hold = false;
  std::move(sink_.held.front())(Empty());
  sink_.held.clear();
  ASSERT_TRUE(UntilDelivered(4));
  EXPECT_THAT(sink_.Topics(), ElementsAre("/0", "/3", "/4", "/5"));
  EXPECT_THAT(LogText(), HasSubstr("2 events were lost to a full queue"));
}

TEST_F(EventPublisherTest, WithoutAnAddressEventsAreDropped) {  // ENV-07
  publisher_.emplace(loop_, "", "default", log_, options_);
  Publish("/a");
  EXPECT_EQ(publisher_->queued(), 0u);
  EXPECT_EQ(publisher_->dropped(), 1u);
  bool flushed = false;
  publisher_->Flush(hours(1), [&] { flushed = true; });
  EXPECT_TRUE(Until([&] { return flushed; }));
}

TEST_F(EventPublisherTest, AnAddressThatCannotBeASocketIsNotWaitedFor) {
  options_.retry_pauses = {};
  options_.connect_timeout = hours(1);
  path_ = temp_.File(std::string(200, 'x'));
  MakePublisher();
  Publish("/a");
  EXPECT_TRUE(Until([&] { return publisher_->queued() == 0; }));
  EXPECT_EQ(publisher_->dropped(), 1u);
}

TEST_F(EventPublisherTest, FlushOfNothingIsDoneAtOnceButNotInside) {
  MakePublisher();
  bool flushed = false;
  publisher_->Flush(hours(1), [&] { flushed = true; });
  EXPECT_FALSE(flushed);
  EXPECT_TRUE(Until([&] { return flushed; }));
}

TEST_F(EventPublisherTest, FlushWaitsForDelivery) {  // EVT-47
  StartSink();
  MakePublisher();
  for (int i = 0; i < 20; ++i) Publish("/a");
  std::optional<std::size_t> delivered;
  publisher_->Flush(hours(1), [&] { delivered = sink_.envelopes.size(); });
  ASSERT_TRUE(Until([&] { return delivered.has_value(); }));
  EXPECT_EQ(delivered, 20u);
}

TEST_F(EventPublisherTest, FlushDoesNotWaitForAnAbsentServer) {  // EVT-46
  options_.connect_timeout = hours(1);
  MakePublisher();
  Publish("/a");
  bool flushed = false;
  publisher_->Flush(hours(1), [&] { flushed = true; });
  ASSERT_TRUE(Until([&] { return flushed; }));
  EXPECT_EQ(publisher_->queued(), 1u);
  EXPECT_THAT(LogText(), HasSubstr("1 events undelivered"));
}

TEST_F(EventPublisherTest, FlushEndsAtItsDeadline) {  // EVT-46
  StartSink();
  sink_.hold = true;
  MakePublisher();
  Publish("/a");
  bool flushed = false;
  publisher_->Flush(milliseconds(5), [&] { flushed = true; });
  EXPECT_TRUE(Until([&] { return flushed; }));
  EXPECT_EQ(publisher_->queued(), 1u);
}

TEST_F(EventPublisherTest, FlushCutsARetryPauseShort) {
  options_.retry_pauses = {hours(1)};
  StartSink();
  sink_.answers = {absl::UnavailableError("away")};
  MakePublisher();
  Publish("/a");
  ASSERT_TRUE(Until([&] { return sink_.envelopes.size() == 1; }));
  Settle();
  bool flushed = false;
  // The refusal may still be on its way; a second Flush finds the pause in any case.
  ASSERT_TRUE(Until([&] {
    if (!flushed) publisher_->Flush(hours(1), [&] { flushed = true; });
    Settle();
    return flushed && publisher_->queued() == 0;
  }));
  EXPECT_EQ(sink_.envelopes.size(), 2u);
}

TEST_F(EventPublisherTest, ASecondFlushReleasesTheFirst) {
  StartSink();
  sink_.hold = true;
  MakePublisher();
  Publish("/a");
  int first = 0;
  int second = 0;
  publisher_->Flush(hours(1), [&] { ++first; });
  publisher_->Flush(milliseconds(1), [&] { ++second; });
  ASSERT_TRUE(Until([&] { return second > 0; }));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

TEST_F(EventPublisherTest, MayBeDestroyedByTheFlushCallback) {
  StartSink();
  MakePublisher();
  Publish("/a");
  publisher_->Flush(hours(1), [&] { publisher_.reset(); });
  EXPECT_TRUE(Until([&] { return !publisher_.has_value(); }));
  Settle();
}

TEST_F(EventPublisherTest, DestructionSilencesEverything) {
  StartSink();
  sink_.hold = true;
  MakePublisher();
  Publish("/a");
  Publish("/b");
  bool flushed = false;
  publisher_->Flush(milliseconds(0), [&] { flushed = true; });
  publisher_.reset();  // the deadline's handler may be queued already
  Settle();
  ASSERT_TRUE(Until([&] { return server_->connections() == 0; }));
  EXPECT_FALSE(flushed);
}

TEST_F(EventPublisherTest, DestructionInEveryPhase) {
  options_.retry_pauses = {hours(1)};
  MakePublisher();
  Publish("/a");  // connecting
  publisher_.reset();
  Settle();
  StartSink();
  sink_.answers = {absl::UnavailableError("away")};
  MakePublisher();
  Publish("/a");
  ASSERT_TRUE(Until([&] { return sink_.envelopes.size() == 1; }));
  for (int i = 0; i < 5; ++i) Settle();  // pausing
  publisher_.reset();
  Settle();
  EXPECT_EQ(sink_.envelopes.size(), 1u);
}

}  // namespace
}  // namespace containerd
