// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/client.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ttrpc/envelope.h"
#include "ttrpc/testing/frames.h"
#include "ttrpc/testing/loop_test.h"

namespace ttrpc {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::ResponseFrame;
using ::testing::SizeIs;

// The peer is the test itself, at the other end of a socket pair.
class ClientTest : public testing::LoopTest {
 protected:
  void SetUp() override {
    auto [ours, theirs] = testing::SocketPair();
    client_ = std::make_unique<Client>(loop_, std::move(ours));
    peer_ = std::move(theirs);
  }
  // Calls S/M; the outcome is added to results_ as "name: payload" or "name: CODE message".
  void Call(const std::string& name, const CallOptions& options = {}, std::string payload = "p") {
    client_->Call("S", "M", std::move(payload), options,
                  [this, name](const absl::StatusOr<std::string>& result) {
                    results_.push_back(absl::StrCat(
                        name, ": ", result.ok() ? *result : result.status().ToString()));
                  });
  }
  void PeerSends(absl::string_view bytes) {
    ASSERT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // All that has come so far.
  std::string PeerReceives() {
    std::string bytes;
    std::string buffer(64 * 1024, '\0');
    while (true) {
      const ssize_t count = ::recv(peer_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count <= 0) return bytes;
      bytes.append(buffer, 0, static_cast<std::size_t>(count));
    }
  }
  void RunUntilResults(std::size_t count) {
    RunUntil([&] { return results_.size() >= count; });
  }

  std::vector<std::string> results_;
  std::unique_ptr<Client> client_;
  base::UniqueFd peer_;
};

TEST_F(ClientTest, SendsAtOnceAndCompletesFromTheLoop) {  // TT-11
  Call("a", {.timeout = std::chrono::seconds(2), .metadata = {{"k", "v"}}});
  EXPECT_EQ(PeerReceives(), testing::RequestFrame(1, {.service = "S",
                                                      .method = "M",
                                                      .payload = "p",
                                                      .timeout_nano = 2'000'000'000,
                                                      .metadata = {{"k", "v"}}}));
  PeerSends(ResponseFrame(1, {.payload = "answer"}));
  EXPECT_THAT(results_, IsEmpty());
  RunUntilResults(1);
  EXPECT_THAT(results_, ElementsAre("a: answer"));
}

TEST_F(ClientTest, NoTimeoutIsSentAsNone) {  // TT-18
  Call("a");
  EXPECT_EQ(PeerReceives(),
            testing::RequestFrame(1, {.service = "S", .method = "M", .payload = "p"}));
}

TEST_F(ClientTest, CompletesInTheOrderOfTheAnswers) {  // TT-08
  Call("a");
  Call("b");
  PeerSends(absl::StrCat(ResponseFrame(3, {.payload = "2"}),
                         ResponseFrame(1, {.code = 5, .message = "no"})));
  RunUntilResults(2);
  EXPECT_THAT(results_, ElementsAre("b: 2", "a: NOT_FOUND: no"));
}

TEST_F(ClientTest, SilentServerEndsInDeadlineExceeded) {
  Call("later", {.timeout = hours(1)});
  Call("soon", {.timeout = milliseconds(1)});
  RunUntilResults(1);
  EXPECT_THAT(results_,
              ElementsAre("soon: DEADLINE_EXCEEDED: ttrpc: no answer within the timeout"));
  PeerSends(absl::StrCat(ResponseFrame(3, {}), ResponseFrame(1, {.payload = "fine"})));
  RunUntilResults(2);
  EXPECT_EQ(results_[1], "later: fine");
}

TEST_F(ClientTest, EachDeadlineIsKept) {
  for (const int timeout : {3, 1, 5}) Call("a", {.timeout = milliseconds(timeout)});
  RunUntilResults(3);
}

TEST_F(ClientTest, GraceLetsTheServerAnswerFirst) {  // TT-17
  Call("a", {.timeout = milliseconds(1), .grace = hours(1)});
  Call("b", {.timeout = milliseconds(2)});  // its end proves that the time of "a" is over
  RunUntilResults(1);
  PeerSends(ResponseFrame(1, {.code = 4, .message = "from the server"}));
  RunUntilResults(2);
  EXPECT_EQ(results_[1], "a: DEADLINE_EXCEEDED: from the server");
}

TEST_F(ClientTest, NoTimeLeftMeansNothingIsSent) {
  Call("a", {.timeout = milliseconds(0)});
  Call("b", {.timeout = milliseconds(-5)});
  EXPECT_EQ(PeerReceives(), "");
  EXPECT_THAT(results_, IsEmpty());
  RunUntilResults(2);
  EXPECT_THAT(results_, ElementsAre("a: DEADLINE_EXCEEDED: ttrpc: no time to call",
                                    "b: DEADLINE_EXCEEDED: ttrpc: no time to call"));
}

TEST_F(ClientTest, TooLongARequestHarmsNothing) {  // TT-04
  Call("long", {}, std::string(kFrameDataBytesMax, 'x'));
  Call("short");
  PeerSends(ResponseFrame(1, {.payload = "fine"}));
  RunUntilResults(2);
  EXPECT_THAT(results_, SizeIs(2));
  EXPECT_FALSE(client_->closed());
}

TEST_F(ClientTest, LostConnectionEndsCallsThenTellsTheOwnerOnce) {
  client_->OnClosed([this](const absl::Status& why) {
    results_.push_back(absl::StrCat("closed: ", why.ToString()));
  });
  Call("a");
  Call("b");
  peer_.reset();
  RunUntilResults(3);
  RunReady();
  EXPECT_THAT(results_, ElementsAre("a: UNAVAILABLE: ttrpc: connection closed",
                                    "b: UNAVAILABLE: ttrpc: connection closed",
                                    "closed: UNAVAILABLE: ttrpc: connection closed"));
  EXPECT_TRUE(client_->closed());

  Call("c");
  EXPECT_THAT(results_, SizeIs(3));
  client_->OnClosed([this](const absl::Status&) { results_.emplace_back("closed, told late"); });
  RunUntilResults(5);
  EXPECT_EQ(results_[3], "c: UNAVAILABLE: ttrpc: connection closed");
  EXPECT_EQ(results_[4], "closed, told late");
}

TEST_F(ClientTest, AnswersBeforeTheEndAreNotLost) {
  Call("a");
  Call("b");
  PeerSends(ResponseFrame(1, {.payload = "made it"}));
  peer_.reset();
  RunUntilResults(2);
  EXPECT_THAT(results_, ElementsAre("a: made it", "b: UNAVAILABLE: ttrpc: connection closed"));
}

TEST_F(ClientTest, AnswersAreNotLostToAFailingWrite) {
  Call("a");
  EXPECT_NE(PeerReceives(), "");
  PeerSends(ResponseFrame(1, {.payload = "made it"}));
  peer_.reset();
  Call("b");  // the write fails, with the answer to "a" still unread
  EXPECT_THAT(results_, IsEmpty());
  RunUntilResults(2);
  EXPECT_THAT(results_, ElementsAre("a: made it", "b: UNAVAILABLE: ttrpc: connection closed"));
}

TEST_F(ClientTest, PeerThatDoesNotSpeakTtrpcIsLost) {
  Call("a");
  PeerSends("SSH-2.0-OpenSSH_9.2p1 Debian\r\n");
  RunUntilResults(1);
  EXPECT_THAT(results_, ElementsAre("a: UNAVAILABLE: ttrpc: connection closed: ttrpc: the peer "
                                    "does not speak ttrpc"));
  EXPECT_TRUE(client_->closed());
}

TEST_F(ClientTest, ServerThatNeverReadsIsLost) {
  const std::string payload(4'000'000, 'x');
  std::size_t calls = 0;
  while (!client_->closed()) {
    ASSERT_LT(++calls, 100u) << "queued without bound";
    Call("a", {}, payload);
    RunReady();
  }
  EXPECT_GT(calls * payload.size(), kWriteQueueBytesMax);
  EXPECT_THAT(results_, SizeIs(calls));
}

TEST_F(ClientTest, LargeRequestsAreWrittenAsThePeerReads) {
  const std::string payload(3'000'000, 'x');
  Call("a", {}, payload);
  std::string received;
  RunUntil([&] {
    received += PeerReceives();
    return received.size() >= payload.size();
  });
  EXPECT_TRUE(received ==
              testing::RequestFrame(1, {.service = "S", .method = "M", .payload = payload}));
}

TEST_F(ClientTest, DestructionCancelsInOrderAndNothingRunsAfterIt) {
  client_->OnClosed([](const absl::Status&) { FAIL() << "closed by its owner"; });
  Call("a");
  Call("not sent", {.timeout = milliseconds(0)});
  Call("b");
  client_.reset();
  EXPECT_THAT(results_, ElementsAre("not sent: DEADLINE_EXCEEDED: ttrpc: no time to call",
                                    "a: CANCELLED: ttrpc: client destroyed",
                                    "b: CANCELLED: ttrpc: client destroyed"));
  RunReady();
  EXPECT_THAT(results_, SizeIs(3));
}

TEST_F(ClientTest, CallbackMayDestroyTheClient) {
  client_->Call("S", "M", "", {}, [this](const absl::StatusOr<std::string>& result) {
    EXPECT_TRUE(result.ok());
    client_.reset();
    EXPECT_THAT(results_, ElementsAre("b: CANCELLED: ttrpc: client destroyed"));
  });
  Call("b");
  PeerSends(absl::StrCat(ResponseFrame(1, {}), ResponseFrame(3, {})));
  RunUntil([&] { return client_ == nullptr; });
  RunReady();
  EXPECT_THAT(results_, SizeIs(1));
}

TEST_F(ClientTest, EveryKindOfCallbackMayDestroyTheClient) {
  const auto reset = [this](const absl::StatusOr<std::string>&) { client_.reset(); };
  client_->Call("S", "M", "", {.timeout = milliseconds(1)}, reset);
  Call("deadline");
  RunUntilResults(1);
  EXPECT_EQ(client_, nullptr);

  SetUp();
  client_->Call("S", "M", "", {.timeout = milliseconds(0)}, reset);
  Call("unsent", {.timeout = milliseconds(0)});
  RunUntilResults(2);
  EXPECT_EQ(client_, nullptr);

  SetUp();
  client_->Call("S", "M", "", {}, reset);
  Call("lost");
  peer_.reset();
  RunUntilResults(3);
  EXPECT_EQ(client_, nullptr);

  SetUp();
  client_->OnClosed([this](const absl::Status&) {
    client_.reset();
    results_.emplace_back("closed");
  });
  peer_.reset();
  RunUntilResults(4);
  EXPECT_EQ(client_, nullptr);
  RunReady();
  EXPECT_THAT(results_, SizeIs(4));
}

TEST_F(ClientTest, NobodyIsToldOfALossAfterDestruction) {
  client_->OnClosed([](const absl::Status&) { FAIL() << "the client is gone"; });
  client_->Call("S", "M", "", {}, [this](const absl::StatusOr<std::string>&) { client_.reset(); });
  Call("b");
  peer_.reset();
  RunUntilResults(1);
  RunReady();
  EXPECT_THAT(results_, ElementsAre("b: UNAVAILABLE: ttrpc: connection closed"));

  SetUp();
  peer_.reset();
  RunUntil([&] { return client_->closed(); });
  client_->OnClosed([](const absl::Status&) { FAIL() << "the client is gone"; });
  client_.reset();
  RunReady();
}

TEST_F(ClientTest, CallbackMayCallAgain) {
  client_->Call("S", "M", "", {}, [this](const absl::StatusOr<std::string>&) { Call("again"); });
  PeerSends(ResponseFrame(1, {}));
  std::string received;
  RunUntil([&] {
    received += PeerReceives();
    return testing::SplitFrames(received).size() == 2;
  });
  PeerSends(ResponseFrame(3, {.payload = "2"}));
  RunUntilResults(1);
  EXPECT_THAT(results_, ElementsAre("again: 2"));
}

TEST_F(ClientTest, RetryingOnALostConnectionDoesNotBlockTheLoop) {
  int calls = 0;
  std::function<void(absl::StatusOr<std::string>)> retry;
  retry = [&](const absl::StatusOr<std::string>&) {
    if (++calls < 1000) client_->Call("S", "M", "", {}, retry);
  };
  peer_.reset();
  client_->Call("S", "M", "", {}, retry);
  RunUntil([&] { return calls > 0; });
  EXPECT_LT(calls, 10);
  RunUntil([&] { return calls == 1000; });
}

TEST_F(ClientTest, MovingKeepsPendingCallsAndCancelsThoseOverwritten) {
  Call("a");
  Client moved(std::move(*client_));
  EXPECT_TRUE(client_->closed());
  PeerSends(ResponseFrame(1, {.payload = "1"}));
  RunUntilResults(1);
  EXPECT_THAT(results_, ElementsAre("a: 1"));

  auto [ours, theirs] = testing::SocketPair();
  *client_ = Client(loop_, std::move(ours));
  Call("b");
  *client_ = std::move(moved);
  EXPECT_EQ(results_.back(), "b: CANCELLED: ttrpc: client destroyed");
  EXPECT_FALSE(client_->closed());
}

TEST_F(ClientTest, ObserverSeesBothWays) {
  std::vector<std::string> seen;
  client_->Observe(
      {.on_request =
           [&](std::uint32_t stream, absl::string_view service, absl::string_view method,
               absl::string_view payload) {
             seen.push_back(absl::StrCat(stream, " ", service, "/", method, " ", payload));
           },
       .on_reply =
           [&](std::uint32_t stream, const absl::StatusOr<std::string>& result) {
             EXPECT_THAT(results_, IsEmpty());
             seen.push_back(
                 absl::StrCat(stream, " ", result.ok() ? *result : result.status().ToString()));
           }});
  Call("a");
  PeerSends(ResponseFrame(1, {.payload = "answer"}));
  RunUntilResults(1);
  EXPECT_THAT(seen, ElementsAre("1 S/M p", "1 answer"));
}

TEST_F(ClientTest, BadDescriptorIsALostConnection) {
  client_ = std::make_unique<Client>(loop_, base::UniqueFd());
  EXPECT_TRUE(client_->closed());
  client_->OnClosed([this](const absl::Status&) { results_.emplace_back("closed"); });
  Call("a");
  RunUntilResults(2);
  RunReady();
  EXPECT_THAT(results_, SizeIs(2));
}

}  // namespace
}  // namespace ttrpc
