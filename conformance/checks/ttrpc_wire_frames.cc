// SPDX-License-Identifier: Apache-2.0
// Contract §3.1: what a frame is, and what a server does about frames that are none.
#include <absl/strings/str_cat.h>

#include <csignal>
#include <string>
#include <vector>

#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/ttrpc_wire.h"
#include "conformance/checks/wire_connection.h"
#include "conformance/harness/check_context.h"
#include "ttrpc/limits.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::Le;

constexpr std::uint32_t kLargest = ttrpc::kFrameDataBytesMax;

// The stream ids a client uses one after another.
class Streams {
 public:
  std::uint32_t Next() { return next_ += 2; }

 private:
  std::uint32_t next_ = static_cast<std::uint32_t>(-1);
};

// The connection still serves a well-formed request. One that the shim has closed gives no answer:
// the verdict is the same whether it is closed before the request can be sent, or after it.
void ExpectUsable(CheckContext& check, WireConnection& wire, const ShimUnderTest& shim,
                  std::uint32_t stream, const std::string& after) {
  wire.Send(ConnectFrame(shim, stream));
  check.EXPECT_THAT(
      wire.Answer(stream), IsOk(),
      {.text = absl::StrCat("the connection takes a request, and answers it, after ", after)});
}

std::string DataFrame(std::uint32_t stream, int flags) {
  return FrameBytes(stream, ttrpc::kFrameData, "data", static_cast<std::uint8_t>(flags));
}

void FramesMayArriveInPieces(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  WireConnection wire(check, shim);
  for (const char byte : ConnectFrame(shim, 1)) {
    check.ASSERT_THAT(wire.Send(std::string(1, byte)), Eq(true),
                      {.text = "the connection takes the frame", .code = why::kConnectionLost});
  }
  check.EXPECT_THAT(wire.Answer(1), IsOk(), {.text = "a request that arrives byte by byte"});
  const std::string fifth = ConnectFrame(shim, 5);
  const std::string head = absl::StrCat(ConnectFrame(shim, 3), fifth.substr(0, 7));
  check.ASSERT_THAT(wire.Send(head), Eq(true),
                    {.text = "the connection takes the frame", .code = why::kConnectionLost});
  check.EXPECT_THAT(wire.Answer(3), IsOk(), {.text = "a request before half a header"});
  check.ASSERT_THAT(wire.Send(absl::StrCat(fifth.substr(7), ConnectFrame(shim, 7))), Eq(true),
                    {.text = "the connection takes the frame", .code = why::kConnectionLost});
  check.EXPECT_THAT(wire.Answer(5), IsOk(), {.text = "a request whose header was cut in two"});
  check.EXPECT_THAT(wire.Answer(7), IsOk(), {.text = "a request that came with another one"});
  check.EXPECT_THAT(wire.received(), Eq(4u), {.text = "each is answered once"});
}

void UnknownTypesAreIgnored(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  WireConnection wire(check, shim);
  Streams streams;
  for (const int type : {0, 4, 7, 128, 255}) {
    const std::uint32_t stream = streams.Next();
    const auto byte = static_cast<std::uint8_t>(type);
    const std::string after = absl::StrCat("a frame of type ", type);
    wire.Send(FrameBytes(stream, byte, ""));
    wire.Send(FrameBytes(streams.Next(), byte, "some data"));
    ExpectUsable(check, wire, shim, streams.Next(), after);
    check.EXPECT_THAT(wire.Count(stream), Eq(0u), {.text = absl::StrCat("no answer to ", after)});
  }
  ExpectServes(check, shim, "frames of unknown types");
}

void ResponsesFromAClientHarmNobody(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  WireConnection wire(check, shim);
  wire.Send(FrameBytes(1, ttrpc::kFrameResponse, ""));
  wire.Send(FrameBytes(99, ttrpc::kFrameResponse, "\xff\xff\xff"));
  ExpectUsable(check, wire, shim, 101, "responses that nobody asked for");
  ExpectServes(check, shim, "responses that nobody asked for");
}

void FlagsOfUnaryRequestsDoNotMatter(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  const std::string service = TaskServiceOf(shim);
  const std::string payload = ConnectRequest("no-such-task");
  WireConnection wire(check, shim);
  Streams streams;
  for (const std::uint8_t flags : {ttrpc::kFlagRemoteClosed, ttrpc::kFlagRemoteOpen}) {
    const std::uint32_t stream = streams.Next();
    check.ASSERT_THAT(
        wire.Send(RequestFrame(
            stream, {.service = service, .method = "Connect", .payload = payload}, flags)),
        Eq(true), {.text = "the connection takes the frame", .code = why::kConnectionLost});
    check.EXPECT_THAT(
        wire.Answer(stream), IsOk(),
        {.text = absl::StrCat("a unary request with flags ", static_cast<int>(flags))});
  }
  const std::uint32_t plain = streams.Next();
  check.ASSERT_THAT(wire.Send(ConnectFrame(shim, plain)), Eq(true),
                    {.text = "the connection takes the frame", .code = why::kConnectionLost});
  const std::optional<WireFrame> frame = wire.Await(plain);
  check.ASSERT_THAT(frame.has_value(), Eq(true),
                    {.text = "a frame comes back", .code = why::kReplyMissing});
  check.EXPECT_THAT(static_cast<int>(frame->header.flags), Eq(0), {.text = "flags of a response"});
}

void OversizedRequestsAreRefused(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  WireConnection wire(check, shim);
  const std::string zeros(kLargest + 1, '\0');
  check.ASSERT_THAT(
      wire.Send(FrameBytes(1, ttrpc::kFrameRequest, zeros)), Eq(true),
      {.text = "the server reads an oversized request to its end", .code = why::kConnectionLost});
  check.EXPECT_THAT(wire.Answer(1), HasCode(absl::StatusCode::kResourceExhausted),
                    {.text = "a request of 4 MiB and one byte"});
  ExpectUsable(check, wire, shim, 3, "an oversized request");
  ExpectServes(check, shim, "an oversized request");
}

void TheLargestRequestIsServed(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  const std::string service = TaskServiceOf(shim);
  // The id of the unknown task fills the frame to its last byte.
  ttrpc::RequestEnvelope request{.service = service, .method = "Connect"};
  std::string payload = ConnectRequest(std::string(kLargest - 200, 'x'));
  request.payload = payload;
  payload =
      ConnectRequest(std::string(kLargest - 200 + (kLargest - ttrpc::RequestBytes(request)), 'x'));
  request.payload = payload;
  check.ASSERT_THAT(ttrpc::RequestBytes(request), Eq(kLargest), {.code = why::kHarness});
  WireConnection wire(check, shim);
  check.ASSERT_THAT(wire.Send(RequestFrame(1, request)), Eq(true),
                    {.text = "the connection takes the frame", .code = why::kConnectionLost});
  check.EXPECT_THAT(wire.Answer(1), IsOk(), {.text = "a Connect request of exactly 4 MiB"});
  ExpectUsable(check, wire, shim, 3, "the largest request there is");
}

void NoOversizedResponses(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  WireConnection wire(check, shim);
  // An error usually repeats the name it complains of, which here leaves no room for the rest.
  const std::string name(kLargest - 24, 'x');
  check.ASSERT_THAT(wire.Send(RequestFrame(1, {.service = name, .method = "X"})), Eq(true),
                    {.text = "the connection takes the frame", .code = why::kConnectionLost});
  const absl::StatusOr<std::string> answer = wire.Answer(1);
  check.EXPECT_THAT(answer, IsError(), {.text = "a service with a name of 4 MiB"});
  check.EXPECT_THAT(wire.longest(), Le(kLargest), {.text = "length of the response's frame"});
  if (wire.closed()) check.Note("the connection is dropped instead of an answer over 4 MiB");
  ExpectServes(check, shim, "a request whose answer would not fit");
}

void EvenStreamsAreRefused(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  WireConnection wire(check, shim);
  for (const std::uint32_t stream : {2u, 0u, 0xfffffffeu}) {
    check.ASSERT_THAT(wire.Send(ConnectFrame(shim, stream)), Eq(true),
                      {.text = "the connection takes the frame", .code = why::kConnectionLost});
    check.EXPECT_THAT(wire.Answer(stream), HasCode(absl::StatusCode::kInvalidArgument),
                      {.text = absl::StrCat("a request on stream ", stream)});
  }
  ExpectUsable(check, wire, shim, 3, "requests on even streams");
  ExpectServes(check, shim, "requests on even streams");
}

void StreamsMustIncrease(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  WireConnection wire(check, shim);
  ExpectUsable(check, wire, shim, 7, "nothing");
  check.ASSERT_THAT(wire.Send(ConnectFrame(shim, 5)), Eq(true),
                    {.text = "the connection takes the frame", .code = why::kConnectionLost});
  check.EXPECT_THAT(wire.Answer(5), HasCode(absl::StatusCode::kInvalidArgument),
                    {.text = "stream 5 after stream 7"});
  check.ASSERT_THAT(wire.Send(ConnectFrame(shim, 7)), Eq(true),
                    {.text = "the connection takes the frame", .code = why::kConnectionLost});
  ExpectUsable(check, wire, shim, 9, "requests on used streams");
  check.EXPECT_THAT(wire.Count(7), Eq(2u), {.text = "answers on a stream that was used twice"});
}

void DataForNobodyHarmsNobody(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  WireConnection wire(check, shim);
  for (const int flags : {0, 1, 4, 5}) wire.Send(DataFrame(41, flags));
  ExpectUsable(check, wire, shim, 43, "data on a stream that was never opened");
  if (wire.Count(41) > 0) {
    check.EXPECT_THAT(wire.Answer(41), HasCode(absl::StatusCode::kInvalidArgument),
                      {.text = "data on a stream that was never opened"});
  }
  ExpectServes(check, shim, "data on a stream that was never opened");
}

void DataOnAUnaryStreamHarmsNobody(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::string service = TaskServiceOf(task.shim());
  const std::string payload = WaitRequest(task.id());
  WireConnection wire(check, task.shim());
  check.ASSERT_THAT(
      wire.Send(RequestFrame(1, {.service = service, .method = "Wait", .payload = payload})),
      Eq(true), {.text = "the connection takes the frame", .code = why::kConnectionLost});
  ExpectUsable(check, wire, task.shim(), 3, "a pending Wait");
  for (const int flags : {0, 4, 1, 5}) {
    wire.Send(DataFrame(1, flags));  // the shim may have had enough
  }
  ExpectServes(check, task.shim(), "data on the stream of a unary call");
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.code = why::kStateWrong});
}

}  // namespace

void AddTtrpcFrameChecks(std::vector<Check>& checks) {
  const std::vector<Check> rows = {
      {.id = "ttrpc-wire/frames-may-arrive-in-pieces",
       .requirements = {"TT-01"},
       .run = FramesMayArriveInPieces},
      {.id = "ttrpc-wire/unknown-frame-types-are-ignored",
       .requirements = {"TT-02"},
       .run = UnknownTypesAreIgnored},
      {.id = "ttrpc-wire/responses-from-a-client-harm-nobody",
       .requirements = {"TT-02"},
       .level = Level::kShould,
       .run = ResponsesFromAClientHarmNobody},
      {.id = "ttrpc-wire/flags-of-unary-requests-do-not-matter",
       .requirements = {"TT-03"},
       .run = FlagsOfUnaryRequestsDoNotMatter},
      {.id = "ttrpc-wire/oversized-requests-are-refused",
       .requirements = {"TT-04"},
       .run = OversizedRequestsAreRefused},
      {.id = "ttrpc-wire/the-largest-request-is-served",
       .requirements = {"TT-04"},
       .run = TheLargestRequestIsServed},
      {.id = "ttrpc-wire/no-response-is-oversized",
       .requirements = {"TT-05"},
       .run = NoOversizedResponses},
      {.id = "ttrpc-wire/even-streams-are-refused",
       .requirements = {"TT-06"},
       .run = EvenStreamsAreRefused},
      {.id = "ttrpc-wire/streams-must-increase",
       .requirements = {"TT-07"},
       .run = StreamsMustIncrease},
      {.id = "ttrpc-wire/data-for-nobody-harms-nobody",
       .requirements = {"TT-09"},
       .level = Level::kShould,
       .run = DataForNobodyHarmsNobody},
      {.id = "ttrpc-wire/data-on-a-unary-stream-harms-nobody",
       .requirements = {"TT-10", "UND-20"},
       .level = Level::kShould,
       .run = DataOnAUnaryStreamHarmsNobody},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
