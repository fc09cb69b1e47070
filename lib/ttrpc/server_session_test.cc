// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/server_session.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "ttrpc/limits.h"
#include "ttrpc/testing/frames.h"
#include "ttrpc/utf8.h"

namespace ttrpc {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using testing::Answer;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using testing::HeaderOnly;
using ::testing::IsEmpty;
using testing::RawFrame;
using testing::RequestFrame;
using ::testing::UnorderedElementsAre;

constexpr Clock::time_point kNow{seconds(1000)};

auto Answered(std::uint32_t stream, absl::StatusCode code) {
  return AllOf(Field(&Answer::stream, stream), Field(&Answer::code, static_cast<int>(code)));
}

// What became of a call, free of borrowed views: "stream service/method payload".
class ServerSessionTest : public ::testing::Test {
 protected:
  std::vector<std::string> Receive(absl::string_view bytes, std::size_t chunk = 1 << 20) {
    std::vector<std::string> calls;
    testing::Feed(session_, bytes, chunk, [&] {
      while (const auto call = session_.NextCall(kNow)) {
        calls.push_back(absl::StrCat(call->stream, " ", call->request.service, "/",
                                     call->request.method, " ", call->request.payload));
        last_deadline_ = call->deadline;
      }
    });
    return calls;
  }
  std::vector<Answer> Answers() { return testing::TakeAnswers(session_.output()); }
  static std::string Request(std::uint32_t stream, absl::string_view payload = "") {
    return RequestFrame(stream, {.service = "S", .method = "M", .payload = payload});
  }
  // The session still takes a call and answers it.
  void ExpectUsable(std::uint32_t stream) {
    EXPECT_THAT(Receive(Request(stream, "probe")), ElementsAre(absl::StrCat(stream, " S/M probe")));
    EXPECT_TRUE(session_.Respond(stream, "fine"));
    EXPECT_THAT(Answers(), ElementsAre(Answer{.stream = stream, .payload = "fine"}));
  }

  ServerSession session_;
  std::optional<Clock::time_point> last_deadline_;
};

TEST_F(ServerSessionTest, HandsOutACallAndSendsItsAnswer) {
  EXPECT_THAT(Receive(Request(1, "hello")), ElementsAre("1 S/M hello"));
  EXPECT_THAT(Answers(), IsEmpty());
  EXPECT_EQ(session_.calls_in_flight(), 1u);
  EXPECT_TRUE(session_.Respond(1, "world"));
  EXPECT_EQ(session_.calls_in_flight(), 0u);
  EXPECT_EQ(testing::TakeBytes(session_.output()), testing::ResponseFrame(1, {.payload = "world"}));
}

TEST_F(ServerSessionTest, EmptyAnswerIsAFrameWithoutData) {  // TT-12
  Receive(Request(1));
  session_.Respond(1, "");
  EXPECT_EQ(testing::TakeBytes(session_.output()), HeaderOnly(0, 1, kFrameResponse));
}

TEST_F(ServerSessionTest, AnswersMayComeInAnyOrder) {  // TT-08
  EXPECT_THAT(Receive(absl::StrCat(Request(1), Request(3), Request(5))),
              ElementsAre("1 S/M ", "3 S/M ", "5 S/M "));
  session_.Respond(5, "c");
  session_.Respond(1, "a");
  session_.Respond(3, "b");
  EXPECT_THAT(Answers(),
              ElementsAre(Answer{.stream = 5, .payload = "c"}, Answer{.stream = 1, .payload = "a"},
                          Answer{.stream = 3, .payload = "b"}));
}

TEST_F(ServerSessionTest, CallsAreFoundHoweverTheBytesArrive) {
  EXPECT_THAT(Receive(absl::StrCat(Request(1, "x"), Request(3, "y")), 1),
              ElementsAre("1 S/M x", "3 S/M y"));
}

TEST_F(ServerSessionTest, UnknownFrameTypesAreIgnored) {  // TT-02
  for (const int value : {0, 2, 4, 9, 255}) {
    const auto type = static_cast<std::uint8_t>(value);
    EXPECT_THAT(Receive(RawFrame(1, type, "anything")), IsEmpty());
    EXPECT_THAT(Receive(RawFrame(2, type, "")), IsEmpty());
  }
  EXPECT_THAT(Receive(RawFrame(1, 9, std::string(kFrameDataBytesMax + 1, '\0'))), IsEmpty());
  EXPECT_THAT(Answers(), IsEmpty());
  ExpectUsable(1);
}

TEST_F(ServerSessionTest, StreamingFlagsOfARequestAreIgnored) {  // TT-03
  const RequestEnvelope request{.service = "S", .method = "M"};
  EXPECT_THAT(Receive(absl::StrCat(RequestFrame(1, request, kFlagRemoteClosed),
                                   RequestFrame(3, request, kFlagRemoteOpen),
                                   RequestFrame(5, request, 0xFF))),
              ElementsAre("1 S/M ", "3 S/M ", "5 S/M "));
}

TEST_F(ServerSessionTest, OversizedFramesAreAnsweredAndSkipped) {  // TT-04
  const std::string data(kFrameDataBytesMax + 1, '\0');
  EXPECT_THAT(Receive(RawFrame(1, kFrameRequest, data)), IsEmpty());
  EXPECT_THAT(Answers(), ElementsAre(Answered(1, absl::StatusCode::kResourceExhausted)));
  EXPECT_THAT(Receive(RawFrame(3, kFrameData, data)), IsEmpty());
  EXPECT_THAT(Answers(), ElementsAre(Answered(3, absl::StatusCode::kResourceExhausted)));
  ExpectUsable(5);
}

TEST_F(ServerSessionTest, LargestRequestIsTaken) {  // TT-04
  const std::string probe = testing::SplitFrames(Request(1, "x"))[0].data;
  // Its length takes three more bytes than that of the probe.
  const std::string payload(kFrameDataBytesMax - (probe.size() + 3) + 1, 'x');
  const std::string frame = Request(1, payload);
  ASSERT_EQ(frame.size(), kFrameHeaderBytes + kFrameDataBytesMax);
  EXPECT_THAT(Receive(frame), ElementsAre(absl::StrCat("1 S/M ", payload)));
}

TEST_F(ServerSessionTest, TooLongResponseBecomesAnError) {  // TT-05
  Receive(absl::StrCat(Request(1), Request(3)));
  const std::size_t envelope_bytes = 1 + 4;  // tag and length of the payload
  EXPECT_TRUE(session_.Respond(1, std::string(kFrameDataBytesMax - envelope_bytes, 'x')));
  const auto frames = testing::SplitFrames(testing::TakeBytes(session_.output()));
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].header.length, kFrameDataBytesMax);

  EXPECT_TRUE(session_.Respond(3, std::string(kFrameDataBytesMax - envelope_bytes + 1, 'x')));
  EXPECT_THAT(Answers(), ElementsAre(Answered(3, absl::StatusCode::kResourceExhausted)));
  ExpectUsable(5);
}

TEST_F(ServerSessionTest, EvenStreamIdsAreRefused) {  // TT-06
  for (const std::uint32_t stream : {0u, 2u, 0xFFFFFFFEu}) {
    EXPECT_THAT(Receive(Request(stream)), IsEmpty());
    EXPECT_THAT(Answers(), ElementsAre(Answered(stream, absl::StatusCode::kInvalidArgument)));
  }
  ExpectUsable(1);
}

TEST_F(ServerSessionTest, StreamIdsMustIncrease) {  // TT-07
  Receive(Request(5));
  for (const std::uint32_t stream : {5u, 3u, 1u}) {
    EXPECT_THAT(Receive(Request(stream)), IsEmpty());
    EXPECT_THAT(Answers(), ElementsAre(Answered(stream, absl::StatusCode::kInvalidArgument)));
  }
  EXPECT_TRUE(session_.Respond(5, "the call is not harmed"));
  EXPECT_THAT(Answers(), ElementsAre(Answer{.stream = 5, .payload = "the call is not harmed"}));
  ExpectUsable(7);
  EXPECT_THAT(Receive(Request(5)), IsEmpty());  // also when it has been answered
  EXPECT_THAT(Answers(), ElementsAre(Answered(5, absl::StatusCode::kInvalidArgument)));
  ExpectUsable(0xFFFFFFFF);
}

TEST_F(ServerSessionTest, DataOnAnUnknownStreamIsRefused) {  // TT-09
  EXPECT_THAT(Receive(RawFrame(1, kFrameData, "data")), IsEmpty());
  EXPECT_THAT(Answers(), ElementsAre(Answered(1, absl::StatusCode::kInvalidArgument)));
  EXPECT_THAT(Receive(RawFrame(4, kFrameData, "", kFlagRemoteClosed | kFlagNoData)), IsEmpty());
  EXPECT_THAT(Answers(), ElementsAre(Answered(4, absl::StatusCode::kInvalidArgument)));
  ExpectUsable(1);
  Receive(RawFrame(1, kFrameData, "late"));
  EXPECT_THAT(Answers(), ElementsAre(Answered(1, absl::StatusCode::kInvalidArgument)));
}

TEST_F(ServerSessionTest, DataForAUnaryCallIsIgnored) {  // TT-10
  Receive(Request(1));
  EXPECT_THAT(Receive(absl::StrCat(RawFrame(1, kFrameData, "data"),
                                   RawFrame(1, kFrameData, "", kFlagRemoteClosed | kFlagNoData))),
              IsEmpty());
  EXPECT_THAT(Answers(), IsEmpty());
  EXPECT_TRUE(session_.Respond(1, "fine"));
}

TEST_F(ServerSessionTest, UndecodableEnvelopeIsRefused) {  // TT-15
  EXPECT_THAT(Receive(RawFrame(1, kFrameRequest, "\x0A\xFF")), IsEmpty());
  EXPECT_THAT(Answers(), ElementsAre(Answered(1, absl::StatusCode::kInvalidArgument)));
  EXPECT_THAT(Receive(Request(1)), IsEmpty());  // its id is used up
  EXPECT_THAT(Answers(), ElementsAre(Answered(1, absl::StatusCode::kInvalidArgument)));
  ExpectUsable(3);
}

TEST_F(ServerSessionTest, EmptyEnvelopeIsACallOfNothing) {
  EXPECT_THAT(Receive(RawFrame(1, kFrameRequest, "")), ElementsAre("1 / "));
}

TEST_F(ServerSessionTest, MetadataReachesTheCallOrIsRefused) {  // TT-20
  RequestEnvelope request{.service = "S", .method = "M", .metadata = {{"k", "v"}}};
  testing::Feed(session_, RequestFrame(1, request), 1 << 20, [] {});
  const auto call = session_.NextCall(kNow);
  ASSERT_TRUE(call);
  EXPECT_THAT(call->request.metadata, ElementsAre(Metadata{"k", "v"}));

  request.metadata.resize(kMetadataEntriesMax + 1);
  EXPECT_THAT(Receive(RequestFrame(3, request)), IsEmpty());
  EXPECT_THAT(Answers(), ElementsAre(Answered(3, absl::StatusCode::kResourceExhausted)));
}

TEST_F(ServerSessionTest, CallsInFlightAreBounded) {
  std::string bytes;
  std::uint32_t stream = 1;
  for (std::size_t i = 0; i < kCallsInFlightMax; ++i, stream += 2) bytes += Request(stream);
  EXPECT_EQ(Receive(bytes).size(), kCallsInFlightMax);
  EXPECT_THAT(Receive(Request(stream)), IsEmpty());
  EXPECT_THAT(Answers(), ElementsAre(Answered(stream, absl::StatusCode::kResourceExhausted)));
  session_.Respond(1, "");
  Answers();
  ExpectUsable(stream + 2);
}

TEST_F(ServerSessionTest, ErrorsKeepCodeAndMessage) {  // TT-21
  std::uint32_t stream = 1;
  for (int code = 1; code <= 16; ++code, stream += 2) {
    Receive(Request(stream));
    session_.Respond(stream, absl::Status(static_cast<absl::StatusCode>(code), "why"));
    EXPECT_THAT(Answers(), ElementsAre(Answer{.stream = stream, .code = code, .message = "why"}));
  }
}

TEST_F(ServerSessionTest, ErrorMessagesBecomeValidAndBounded) {  // TT-22
  Receive(absl::StrCat(Request(1), Request(3)));
  session_.Respond(1, absl::InternalError("runc: \xFF\xFE: no such file"));
  EXPECT_THAT(Answers(), ElementsAre(Answer{.stream = 1,
                                            .code = 13,
                                            .message = "runc: \xEF\xBF\xBD\xEF\xBF\xBD: no such "
                                                       "file"}));
  std::string text = "x";
  while (text.size() < 2 * kErrorMessageBytesMax) text += "\xC3\xA9";
  session_.Respond(3, absl::NotFoundError(text));
  const auto answers = Answers();
  ASSERT_THAT(answers, ElementsAre(Answered(3, absl::StatusCode::kNotFound)));
  EXPECT_LE(answers[0].message.size(), kErrorMessageBytesMax + 2);
  EXPECT_EQ(Utf8PrefixBytes(answers[0].message), answers[0].message.size());
}

TEST_F(ServerSessionTest, OnlyTheFirstAnswerCounts) {
  EXPECT_FALSE(session_.Respond(1, "never asked"));
  Receive(Request(1));
  EXPECT_TRUE(session_.Respond(1, "first"));
  EXPECT_FALSE(session_.Respond(1, "second"));
  EXPECT_FALSE(session_.Respond(1, absl::InternalError("third")));
  EXPECT_THAT(Answers(), ElementsAre(Answer{.stream = 1, .payload = "first"}));
}

TEST_F(ServerSessionTest, TimeoutBoundsTheCall) {  // TT-17
  Receive(RequestFrame(1, {.service = "S", .method = "M", .timeout_nano = 500}));
  EXPECT_EQ(last_deadline_, kNow + nanoseconds(500));
  EXPECT_EQ(session_.next_deadline(), kNow + nanoseconds(500));
  bool abandoned = false;
  EXPECT_TRUE(session_.OnAbandoned(1, [&] { abandoned = true; }));
  EXPECT_THAT(session_.Expire(kNow + nanoseconds(499)), IsEmpty());
  EXPECT_THAT(Answers(), IsEmpty());

  const auto callbacks = session_.Expire(kNow + nanoseconds(500));
  EXPECT_THAT(Answers(), ElementsAre(Answered(1, absl::StatusCode::kDeadlineExceeded)));
  ASSERT_EQ(callbacks.size(), 1u);
  EXPECT_FALSE(abandoned);  // the session runs nothing itself
  callbacks[0]();
  EXPECT_TRUE(abandoned);
  EXPECT_EQ(session_.next_deadline(), std::nullopt);
  EXPECT_FALSE(session_.Respond(1, "too late"));
  EXPECT_FALSE(session_.OnAbandoned(1, [] {}));
  EXPECT_THAT(Answers(), IsEmpty());
}

TEST_F(ServerSessionTest, ZeroTimeoutIsNoLimitAndNegativeIsOver) {  // TT-18
  Receive(Request(1));
  EXPECT_EQ(last_deadline_, std::nullopt);
  EXPECT_EQ(session_.next_deadline(), std::nullopt);
  EXPECT_THAT(Receive(RequestFrame(3, {.service = "S", .method = "M", .timeout_nano = -1})),
              IsEmpty());
  EXPECT_THAT(Answers(), ElementsAre(Answered(3, absl::StatusCode::kDeadlineExceeded)));
  Receive(RequestFrame(5, {.timeout_nano = std::numeric_limits<std::int64_t>::max()}));
  EXPECT_THAT(session_.Expire(kNow + std::chrono::hours(24 * 365)), IsEmpty());
  EXPECT_TRUE(session_.Respond(5, ""));
}

TEST_F(ServerSessionTest, AnAnswerEndsTheDeadline) {
  Receive(RequestFrame(1, {.service = "S", .method = "M", .timeout_nano = 500}));
  session_.OnAbandoned(1, [] { FAIL() << "abandoned after the answer"; });
  session_.Respond(1, "in time");
  EXPECT_EQ(session_.next_deadline(), std::nullopt);
  for (const auto& callback : session_.Expire(kNow + seconds(1))) callback();
  EXPECT_THAT(Answers(), ElementsAre(Answer{.stream = 1, .payload = "in time"}));
}

TEST_F(ServerSessionTest, DrainAnswersWhatIsThereAndWhatComes) {
  Receive(absl::StrCat(Request(1), Request(3)));
  session_.Respond(1, "given before");
  int abandoned = 0;
  session_.OnAbandoned(3, [&] { ++abandoned; });
  for (const auto& callback : session_.Drain(absl::UnavailableError("bye"))) callback();
  EXPECT_EQ(abandoned, 1);
  EXPECT_THAT(Receive(Request(5)), IsEmpty());
  EXPECT_THAT(Answers(), ElementsAre(Answer{.stream = 1, .payload = "given before"},
                                     Answered(3, absl::StatusCode::kUnavailable),
                                     Answered(5, absl::StatusCode::kUnavailable)));
  EXPECT_FALSE(session_.Respond(3, "late"));
}

TEST_F(ServerSessionTest, AbandonForgetsEverything) {  // TT-24
  Receive(absl::StrCat(Request(1), RequestFrame(3, {.timeout_nano = 5})));
  session_.Respond(1, "not sent any more");
  Receive(Request(5));
  std::vector<int> abandoned;
  session_.OnAbandoned(3, [&] { abandoned.push_back(3); });
  session_.OnAbandoned(5, [&] { abandoned.push_back(5); });
  for (const auto& callback : session_.Abandon()) callback();
  EXPECT_THAT(abandoned, UnorderedElementsAre(3, 5));
  EXPECT_TRUE(session_.output().empty());
  EXPECT_EQ(session_.next_deadline(), std::nullopt);
  EXPECT_FALSE(session_.Respond(5, "harmless"));
  EXPECT_TRUE(session_.output().empty());
}

}  // namespace
}  // namespace ttrpc
