// SPDX-License-Identifier: Apache-2.0
// Contract §3.2: requests and responses inside the frames.
#include <absl/strings/str_cat.h>
#include <google/protobuf/empty.pb.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/ttrpc_wire.h"
#include "conformance/checks/wire_connection.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using std::chrono::milliseconds;
using ::testing::Eq;

// A length-delimited field of number 1 to 15 and up to 127 bytes.
std::string Field(int number, absl::string_view value) {
  return absl::StrCat(std::string(1, static_cast<char>(number << 3 | 2)),
                      std::string(1, static_cast<char>(value.size())), value);
}

std::string Request(const std::string& service, const std::string& method,
                    const std::string& payload) {
  return ttrpc::EncodeRequest({.service = service, .method = method, .payload = payload});
}

// Fields in any order, unknown ones between them, the last of a repeated one counts: what every
// protobuf library accepts.
void EnvelopesAreProtobuf(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  const std::string service = TaskServiceOf(shim);
  const std::string payload = ConnectRequest("x");
  const std::string unknown("\x7a\x03new\x80\x01\x2a", 8);  // fields 15 and 16
  const std::vector<std::pair<const char*, std::string>> envelopes = {
      {"fields in reverse order",
       absl::StrCat(Field(3, payload), Field(2, "Connect"), Field(1, service))},
      {"fields nobody knows",
       absl::StrCat(unknown, Field(1, service), unknown, Field(2, "Connect"), Field(3, payload))},
      {"fields given twice",
       absl::StrCat(Field(1, "nobody"), Field(2, "Nothing"), Field(1, service), Field(2, "Connect"),
                    Field(3, payload))},
      {"no payload at all", absl::StrCat(Field(1, service), Field(2, "Connect"))},
  };
  WireConnection wire(check, shim);
  std::uint32_t stream = 1;
  for (const auto& [what, envelope] : envelopes) {
    check.ASSERT_THAT(wire.Send(FrameBytes(stream, ttrpc::kFrameRequest, envelope)), Eq(true),
                      {.text = "the connection takes the frame", .code = why::kConnectionLost});
    check.EXPECT_THAT(wire.Answer(stream), IsOk(), {.text = absl::StrCat("a request with ", what)});
    stream += 2;
  }
}

void ResponsesAreWellFormed(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::string service = TaskServiceOf(task.shim());
  const std::string empty = KillRequest(task.id(), "", 0);
  WireConnection wire(check, task.shim());
  const std::string bytes =
      absl::StrCat(ConnectFrame(task.shim(), 1),
                   RequestFrame(3, {.service = service, .method = "Kill", .payload = empty}));
  check.ASSERT_THAT(wire.Send(bytes), Eq(true),
                    {.text = "the connection takes the frame", .code = why::kConnectionLost});
  for (const std::uint32_t stream : {1u, 3u}) {
    const std::optional<WireFrame> frame = wire.Await(stream);
    check.ASSERT_THAT(frame.has_value(), Eq(true),
                      {.text = "a frame comes back", .code = why::kReplyMissing});
    check.EXPECT_THAT(static_cast<int>(frame->header.type),
                      Eq(static_cast<int>(ttrpc::kFrameResponse)),
                      {.text = "type of the answer's frame", .requirement = "TT-02"});
    const absl::StatusOr<ttrpc::ResponseEnvelope> response = ttrpc::DecodeResponse(frame->data);
    check.ASSERT_THAT(response, IsOk(), {.text = "the answer decodes"});
    check.EXPECT_THAT(response->code, Eq(0), {.text = "the status of a success"});
    if (stream != 3) continue;
    // With fields of a later version, perhaps.
    check.EXPECT_THAT(google::protobuf::Empty().ParseFromString(std::string(response->payload)),
                      Eq(true), {.text = "the payload of Kill's answer is an Empty"});
  }
  check.EXPECT_THAT(wire.Count(1) + wire.Count(3), Eq(2u), {.text = "one answer for each request"});
}

void NamesAreExact(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  const std::string service = TaskServiceOf(shim);
  const std::vector<std::pair<std::string, std::string>> names = {
      {absl::StrCat("/", service), "Connect"},
      {absl::StrCat(service, "/Connect"), ""},
      {service, absl::StrCat("/", service, "/Connect")},
      {"Task", "Connect"},
      {service, "connect"},
      {service, ""},
      {"", ""},
      {"containerd.task.v9.Task", "Connect"},
  };
  WireConnection wire(check, shim);
  std::uint32_t stream = 1;
  for (const auto& [its_service, method] : names) {
    check.ASSERT_THAT(wire.Send(FrameBytes(stream, ttrpc::kFrameRequest,
                                           Request(its_service, method, ConnectRequest("x")))),
                      Eq(true),
                      {.text = "the connection takes the frame", .code = why::kConnectionLost});
    check.EXPECT_THAT(
        wire.Answer(stream), HasCode(absl::StatusCode::kUnimplemented),
        {.text = absl::StrCat("service \"", its_service, "\", method \"", method, "\"")});
    stream += 2;
  }
  ExpectServes(check, shim, "names that are almost right");
}

void UndecodableEnvelopesAreRefused(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  const std::vector<std::pair<const char*, std::string>> envelopes = {
      {"no tag", "\xff\xff\xff"},
      {"a field longer than the frame", std::string("\x0a\x7fshort", 7)},
      {"half a field", std::string("\x0a", 1)},
      {"an endless number", std::string(1, '\x20') + std::string(11, '\xff')},
      {"field number 0", std::string("\x02\x01x", 3)},
  };
  WireConnection wire(check, shim);
  std::uint32_t stream = 1;
  for (const auto& [what, envelope] : envelopes) {
    check.ASSERT_THAT(wire.Send(FrameBytes(stream, ttrpc::kFrameRequest, envelope)), Eq(true),
                      {.text = "the connection takes the frame", .code = why::kConnectionLost});
    check.EXPECT_THAT(wire.Answer(stream), HasCode(absl::StatusCode::kInvalidArgument),
                      {.text = absl::StrCat("an envelope with ", what)});
    stream += 2;
  }
  ExpectServes(check, shim, "envelopes that do not decode");
}

const char* const kMethods[] = {"State",  "Create", "Start", "Delete",    "Pids",    "Pause",
                                "Resume", "Kill",   "Exec",  "ResizePty", "CloseIO", "Checkpoint",
                                "Update", "Wait",   "Stats", "Connect",   "Shutdown"};

void UndecodablePayloadsAreRefused(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  for (const char* const method : kMethods) {
    const absl::StatusOr<std::string> reply = shim.Call(method, "\xff\xff\xff");
    check.EXPECT_THAT(reply, HasCode(absl::StatusCode::kInternal),
                      {.text = absl::StrCat(method, " with bytes that are no message")});
  }
  ExpectServes(check, shim, "payloads that do not decode");
}

// The same message with every field as a group of other bytes: each may crash a naive handler.
void EmptyRequestsHarmNobody(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  for (const char* const method : kMethods) {
    if (std::string(method) == "Shutdown") continue;  // legal without id
    const absl::StatusOr<std::string> reply = task.shim().Call(method, "");
    if (std::string(method) == "Connect") continue;  // answers for any id
    check.EXPECT_THAT(reply, IsError(),
                      {.text = absl::StrCat(method, " without a single field set")});
    ExpectServes(check, task.shim(), absl::StrCat("an empty ", method));
  }
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.code = why::kStateWrong});
}

void ATimeoutBoundsTheCall(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::string service = TaskServiceOf(task.shim());
  const std::string payload = WaitRequest(task.id());
  WireConnection wire(check, task.shim());
  check.ASSERT_THAT(
      wire.Send(RequestFrame(
          1,
          {.service = service, .method = "Wait", .payload = payload, .timeout_nano = 200'000'000})),
      Eq(true), {.text = "the connection takes the frame", .code = why::kConnectionLost});
  check.ASSERT_THAT(wire.Await(1).has_value(), Eq(true),
                    {.text = "a Wait with a timeout of 200 ms on a running task is answered",
                     .code = why::kReplyMissing});
  check.EXPECT_THAT(wire.Answer(1), HasCode(absl::StatusCode::kDeadlineExceeded),
                    {.text = "a Wait whose timeout has passed"});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the task does not notice", .code = why::kStateWrong});
}

void NoTimeoutIsNoLimit(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::string service = TaskServiceOf(task.shim());
  const std::string payload = WaitRequest(task.id());
  WireConnection wire(check, task.shim());
  const std::int64_t forever = std::numeric_limits<std::int64_t>::max();
  for (const auto& [stream, timeout] :
       std::vector<std::pair<std::uint32_t, std::int64_t>>{{1, 0}, {3, forever}}) {
    check.ASSERT_THAT(
        wire.Send(RequestFrame(
            stream,
            {.service = service, .method = "Wait", .payload = payload, .timeout_nano = timeout})),
        Eq(true), {.text = "the connection takes the frame", .code = why::kConnectionLost});
  }
  ExpectServes(check, task.shim(), "two waits");
  check.Linger(milliseconds(150));
  check.EXPECT_THAT(wire.received(), Eq(0u),
                    {.text = "answers while the task runs", .code = why::kReplyCode});
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(wire.Answer(1), IsOk(), {.text = "a Wait without a timeout"});
  check.EXPECT_THAT(wire.Answer(3), IsOk(), {.text = "a Wait with the longest timeout"});
}

void MetadataChangesNothing(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::vector<std::pair<const char*, std::map<std::string, std::string>>> cases = {
      {"no metadata", {}},
      {"another namespace", {{"containerd-namespace-ttrpc", "somebody-else"}}},
      {"an invalid namespace", {{"containerd-namespace-ttrpc", "../.."}}},
      {"another spelling", {{"Containerd-Namespace-Ttrpc", "somebody-else"}}},
      {"trace context",
       {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        {"tracestate", "a=b"}}},
      {"a trace context that is none", {{"traceparent", "\x01\x02"}, {"baggage", "="}}},
      {"keys without values", {{"", ""}, {"x", ""}}},
      {"a long value", {{"x", std::string(100'000, 'y')}}},
  };
  for (const auto& [what, metadata] : cases) {
    check.EXPECT_THAT(task.State({.metadata = metadata}),
                      IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                      {.text = absl::StrCat("State with ", what)});
  }
}

void ErrorCodesAreCanonical(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "0"), {.exec_id = "twin"}));
  check.EXPECT_THAT(task.shim().Call("State", StateRequest("nobody")),
                    HasCode(absl::StatusCode::kNotFound), {.text = "a container nobody knows"});
  check.EXPECT_THAT(task.shim().Call("State", StateRequest(task.id(), "nobody")),
                    HasCode(absl::StatusCode::kNotFound), {.text = "an exec nobody knows"});
  check.EXPECT_THAT(task.AddExec(Program("exit_code", "0"), {.exec_id = "twin"}),
                    HasCode(absl::StatusCode::kAlreadyExists), {.text = "an exec id in use"});
  check.EXPECT_THAT(exec.Kill(SIGTERM), HasCode(absl::StatusCode::kFailedPrecondition),
                    {.text = "Kill of an exec that was never started"});
  check.EXPECT_THAT(task.shim().Call("NoSuchMethod", ""), HasCode(absl::StatusCode::kUnimplemented),
                    {.text = "an unknown method"});
}

// No task shim serves sandboxes or streams; containerd finds out by the code.
void OtherServicesAreUnimplemented(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  const absl::StatusOr<std::string> sandbox = shim.CallService(
      "containerd.runtime.sandbox.v1.Sandbox", "SandboxStatus", Field(1, "no-such-sandbox"));
  check.EXPECT_THAT(sandbox,
                    HasCodeIn({absl::StatusCode::kUnimplemented, absl::StatusCode::kNotFound,
                               absl::StatusCode::kFailedPrecondition}),
                    {.text = "SandboxStatus of a sandbox nobody made"});
  if (!absl::IsUnimplemented(sandbox.status())) {
    check.Note("serves the Sandbox API, which this suite does not judge");
  }
  const absl::StatusOr<std::string> events =
      shim.CallService("containerd.services.events.ttrpc.v1.Events", "Forward", "");
  check.EXPECT_THAT(events, HasCode(absl::StatusCode::kUnimplemented),
                    {.text = "Forward, which containerd serves and not the shim"});
  ExpectServes(check, shim, "calls of other services");
}

void StreamsAreServedOrRefused(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  const absl::StatusOr<std::string> stream = shim.CallService(
      "containerd.services.streaming.v1.Streaming", "Stream", "", {.deadline = milliseconds(2000)});
  if (!absl::IsUnimplemented(stream.status())) {
    check.Skip("the shim serves streams, which this suite does not judge");
  }
  const std::string uri = absl::StrCat("ttrpc+unix://", shim.socket_path(), "?streaming_id=x-");
  const Task task = check.TryCreate(Program("exit_code", "0"),
                                    {.stdio = {.outputs = false,
                                               .stdout_uri = absl::StrCat(uri, "stdout"),
                                               .stderr_uri = absl::StrCat(uri, "stderr")},
                                     .shim = &shim});
  check.EXPECT_THAT(task.create_status(), IsError(),
                    {.text = "Create with stdio that the shim has no service for"});
  check.EXPECT_THAT(shim.Call("State", StateRequest(task.id())),
                    HasCode(absl::StatusCode::kNotFound), {.requirement = "CREATE-11"});
  ExpectServes(check, shim, "a Create with streaming stdio");
}

}  // namespace

void AddTtrpcEnvelopeChecks(std::vector<Check>& checks) {
  const std::vector<Check> rows = {
      {.id = "ttrpc-wire/envelopes-are-protobuf",
       .requirements = {"TT-11", "TT-13"},
       .run = EnvelopesAreProtobuf},
      {.id = "ttrpc-wire/responses-are-well-formed",
       .requirements = {"TT-12", "TT-01"},
       .run = ResponsesAreWellFormed},
      {.id = "ttrpc-wire/names-are-exact",
       .requirements = {"TT-14", "TT-13"},
       .run = NamesAreExact},
      {.id = "ttrpc-wire/undecodable-envelopes-are-refused",
       .requirements = {"TT-15"},
       .level = Level::kShould,
       .run = UndecodableEnvelopesAreRefused},
      {.id = "ttrpc-wire/undecodable-payloads-are-refused",
       .requirements = {"TT-15", "UND-20"},
       .level = Level::kShould,
       .run = UndecodablePayloadsAreRefused},
      {.id = "ttrpc-wire/empty-requests-harm-nobody",
       .requirements = {"UND-20", "TASK-01", "EXEC-07", "UPDATE-03"},
       .level = Level::kShould,
       .run = EmptyRequestsHarmNobody},
      {.id = "ttrpc-wire/a-timeout-bounds-the-call",
       .requirements = {"TT-17"},
       .run = ATimeoutBoundsTheCall},
      {.id = "ttrpc-wire/no-timeout-is-no-limit",
       .requirements = {"TT-18"},
       .run = NoTimeoutIsNoLimit},
      {.id = "ttrpc-wire/metadata-changes-nothing",
       .requirements = {"TT-19", "TT-20"},
       .run = MetadataChangesNothing},
      {.id = "ttrpc-wire/error-codes-are-canonical",
       .requirements = {"TT-21"},
       .needs = ToNeeds(Need::kExec),
       .run = ErrorCodesAreCanonical},
      {.id = "ttrpc-wire/other-services-are-unimplemented",
       .requirements = {"TT-14", "TT-16"},
       .run = OtherServicesAreUnimplemented},
      {.id = "ttrpc-wire/streams-are-served-or-refused",
       .requirements = {"IO-38", "TT-23", "IO-27"},
       .run = StreamsAreServedOrRefused},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
