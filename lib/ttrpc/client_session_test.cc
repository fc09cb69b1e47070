// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/client_session.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ttrpc/limits.h"
#include "ttrpc/testing/frames.h"

namespace ttrpc {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::HeaderOnly;
using ::testing::IsEmpty;
using testing::RawFrame;
using testing::RequestFrame;
using testing::ResponseFrame;
using ::testing::SizeIs;

constexpr Clock::time_point kNow{seconds(1000)};

class ClientSessionTest : public ::testing::Test {
 protected:
  std::uint32_t Start(std::string payload = "p",
                      std::optional<Clock::time_point> deadline = std::nullopt) {
    ClientSession::Done done = [](const absl::StatusOr<std::string>&) {};
    const auto stream =
        session_.Start({.service = "S", .method = "M"}, std::move(payload), deadline, done);
    EXPECT_TRUE(stream.ok());
    return stream.value_or(0);
  }

  // "stream: payload" or "stream: code message".
  static std::string Text(const ClientSession::Result& result) {
    EXPECT_TRUE(result.done);
    if (result.result.ok()) return absl::StrCat(result.stream, ": ", *result.result);
    return absl::StrCat(result.stream, ": ", result.result.status().raw_code(), " ",
                        result.result.status().message());
  }
  static std::vector<std::string> Texts(const std::vector<ClientSession::Result>& results) {
    std::vector<std::string> texts;
    for (const auto& result : results) texts.push_back(Text(result));
    return texts;
  }
  std::vector<std::string> Receive(absl::string_view bytes, std::size_t chunk = 1 << 20) {
    std::vector<std::string> texts;
    testing::Feed(session_, bytes, chunk, [&] {
      while (const auto result = session_.NextResult()) texts.push_back(Text(*result));
    });
    return texts;
  }

  ClientSession session_;
};

TEST_F(ClientSessionTest, SendsRequestsOnOddIncreasingStreams) {  // TT-06, TT-07, TT-11
  EXPECT_EQ(Start("a"), 1u);
  EXPECT_EQ(Start("b"), 3u);
  EXPECT_EQ(testing::TakeBytes(session_.output()),
            absl::StrCat(RequestFrame(1, {.service = "S", .method = "M", .payload = "a"}),
                         RequestFrame(3, {.service = "S", .method = "M", .payload = "b"})));
}

TEST_F(ClientSessionTest, SameBytesWhetherPayloadIsCopiedOrNot) {
  std::uint32_t stream = 1;
  for (const std::size_t size : {0u, 1u, 1023u, 1024u, 1025u, 100'000u}) {
    const RequestEnvelope request{
        .service = "S", .method = "M", .timeout_nano = 7, .metadata = {{"k", "v"}}};
    const std::string payload(size, 'x');
    ClientSession::Done done = [](const absl::StatusOr<std::string>&) {};
    ASSERT_TRUE(session_.Start(request, payload, std::nullopt, done).ok());
    RequestEnvelope expected = request;
    expected.payload = payload;
    EXPECT_EQ(testing::TakeBytes(session_.output()), RequestFrame(stream, expected)) << size;
    stream += 2;
  }
}

TEST_F(ClientSessionTest, MatchesResponsesByStream) {  // TT-08
  Start();
  Start();
  Start();
  EXPECT_THAT(Receive(absl::StrCat(ResponseFrame(5, {.payload = "c"}), ResponseFrame(1, {}),
                                   ResponseFrame(3, {.payload = "b"}))),
              ElementsAre("5: c", "1: ", "3: b"));
  EXPECT_EQ(session_.calls_in_flight(), 0u);
}

TEST_F(ClientSessionTest, ResponsesAreFoundHoweverTheBytesArrive) {
  Start();
  Start();
  EXPECT_THAT(Receive(absl::StrCat(ResponseFrame(1, {.payload = "a"}),
                                   ResponseFrame(3, {.code = 5, .message = "no"})),
                      1),
              ElementsAre("1: a", "3: 5 no"));
}

TEST_F(ClientSessionTest, StatusZeroIsSuccess) {  // TT-12
  Start();
  EXPECT_THAT(Receive(RawFrame(1, kFrameResponse, absl::string_view("\x0A\x00\x12\x01x", 5))),
              ElementsAre("1: x"));
}

TEST_F(ClientSessionTest, ErrorsKeepCodeAndMessageAndWinOverThePayload) {  // TT-21
  std::uint32_t stream = 1;
  for (const int code : {1, 5, 16, 17, 99, -1}) {
    Start();
    EXPECT_THAT(Receive(ResponseFrame(stream, {.code = code, .message = "why", .payload = "x"})),
                ElementsAre(absl::StrCat(stream, ": ", code, " why")));
    stream += 2;
  }
}

TEST_F(ClientSessionTest, IgnoresWhatBelongsToNoCall) {
  Start();
  EXPECT_THAT(Receive(absl::StrCat(ResponseFrame(3, {}), ResponseFrame(2, {}), ResponseFrame(0, {}),
                                   RawFrame(7, kFrameData, "x"), RawFrame(1, 9, "unknown type"))),
              IsEmpty());
  EXPECT_TRUE(session_.error().ok());
  EXPECT_THAT(Receive(ResponseFrame(1, {.payload = "mine"})), ElementsAre("1: mine"));
  EXPECT_THAT(Receive(ResponseFrame(1, {.payload = "again"})), IsEmpty());
}

TEST_F(ClientSessionTest, WhatIsWrongWithOneResponseEndsOneCall) {
  for (int i = 0; i < 4; ++i) Start();
  EXPECT_THAT(Receive(RawFrame(1, kFrameResponse, "\x0A\xFF")),
              ElementsAre("1: 13 ttrpc: undecodable response envelope"));
  EXPECT_THAT(Receive(RawFrame(3, kFrameData, "x")),
              ElementsAre("3: 13 ttrpc: data frame on a unary stream"));
  EXPECT_THAT(Receive(RawFrame(5, kFrameResponse, std::string(kFrameDataBytesMax + 1, 'x'))),
              ElementsAre("5: 8 ttrpc: message of 4194305 bytes exceeds 4194304"));  // TT-04
  EXPECT_TRUE(session_.error().ok());
  EXPECT_THAT(Receive(ResponseFrame(7, {.payload = "fine"})), ElementsAre("7: fine"));
}

TEST_F(ClientSessionTest, OversizedFrameOfACallLongGoneIsIgnored) {
  Start("p", kNow);
  session_.Expire(kNow);
  EXPECT_THAT(Receive(RawFrame(1, kFrameResponse, std::string(kFrameDataBytesMax + 1, 'x'))),
              IsEmpty());
  EXPECT_TRUE(session_.error().ok());
}

TEST_F(ClientSessionTest, WhatIsNotTtrpcIsAnErrorOfTheConnection) {
  Start();
  EXPECT_THAT(Receive("HTTP/1.1 400 Bad Request\r\n"), IsEmpty());
  EXPECT_EQ(session_.error().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(Receive(ResponseFrame(1, {})), IsEmpty());  // nothing is believed any more
  EXPECT_THAT(session_.Fail(absl::UnavailableError("")), SizeIs(1));
}

TEST_F(ClientSessionTest, RequestFromAServerIsAnErrorOfTheConnection) {
  EXPECT_THAT(Receive(RequestFrame(1, {})), IsEmpty());
  EXPECT_EQ(session_.error().code(), absl::StatusCode::kInternal);
}

TEST_F(ClientSessionTest, TooLongARequestIsNotSent) {  // TT-04
  bool called = false;
  ClientSession::Done done = [&](const absl::StatusOr<std::string>&) { called = true; };
  EXPECT_EQ(
      session_.Start({.service = "S"}, std::string(kFrameDataBytesMax, 'x'), std::nullopt, done)
          .status()
          .code(),
      absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(session_.output().empty());
  ASSERT_TRUE(done);  // still the caller's
  done("");
  EXPECT_TRUE(called);
  EXPECT_EQ(Start(), 1u);

  const std::size_t envelope_bytes = 3 + 3 + 1 + 4;  // service, method, tag and length
  Start(std::string(kFrameDataBytesMax - envelope_bytes, 'x'));
}

TEST_F(ClientSessionTest, CallsInFlightAreBounded) {
  for (std::size_t i = 0; i < kCallsInFlightMax; ++i) Start("");
  ClientSession::Done done = [](const absl::StatusOr<std::string>&) {};
  EXPECT_EQ(session_.Start({}, "", std::nullopt, done).status().code(),
            absl::StatusCode::kResourceExhausted);
  Receive(ResponseFrame(1, {}));
  EXPECT_TRUE(session_.Start({}, "", std::nullopt, done).ok());
}

TEST_F(ClientSessionTest, DeadlinesEndCallsLocally) {
  Start("p", kNow + nanoseconds(20));
  Start("p", kNow + nanoseconds(10));
  Start("p");
  EXPECT_EQ(session_.next_deadline(), kNow + nanoseconds(10));
  EXPECT_THAT(session_.Expire(kNow), IsEmpty());
  EXPECT_THAT(Texts(session_.Expire(kNow + nanoseconds(15))),
              ElementsAre("3: 4 ttrpc: no answer within the timeout"));
  EXPECT_THAT(Receive(ResponseFrame(3, {.payload = "late"})), IsEmpty());
  EXPECT_THAT(Receive(ResponseFrame(1, {.payload = "in time"})), ElementsAre("1: in time"));
  EXPECT_EQ(session_.next_deadline(), std::nullopt);
  EXPECT_EQ(session_.calls_in_flight(), 1u);
}

TEST_F(ClientSessionTest, FailEndsAllInTheOrderTheyWereMade) {
  for (int i = 0; i < 100; ++i) Start("p", kNow);
  const auto results = session_.Fail(absl::UnavailableError("lost"));
  ASSERT_THAT(results, SizeIs(100));
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(Text(results[i]), absl::StrCat(2 * i + 1, ": 14 lost"));
  }
  EXPECT_TRUE(session_.output().empty());
  EXPECT_EQ(session_.next_deadline(), std::nullopt);
  EXPECT_THAT(session_.Fail(absl::UnavailableError("again")), IsEmpty());
}

}  // namespace
}  // namespace ttrpc
