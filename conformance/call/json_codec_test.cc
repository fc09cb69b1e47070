// SPDX-License-Identifier: Apache-2.0
#include "conformance/call/json_codec.h"

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>

#include "bootstrap/v1/bootstrap.pb.h"
#include "conformance/call/json_position.h"
#include "events/task.pb.h"
#include "runc/options.pb.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using ::containerd::runtime::bootstrap::v1::BootstrapParams;
using ::containerd::task::v3::CreateTaskRequest;
using ::containerd::task::v3::ExecProcessRequest;
using ::containerd::task::v3::StateResponse;
using ::containerd::task::v3::UpdateTaskRequest;
using ::testing::HasSubstr;

template <typename Message>
Message Encoded(const std::string& json) {
  Message message;
  const absl::StatusOr<std::string> bytes = EncodeJson(*Message::descriptor(), json, "r.json");
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  if (bytes.ok()) {
    EXPECT_TRUE(message.ParseFromString(*bytes));
  }
  return message;
}

template <typename Message>
std::string ErrorOf(const std::string& json) {
  const absl::StatusOr<std::string> bytes = EncodeJson(*Message::descriptor(), json, "r.json");
  if (bytes.ok()) return "no error";
  EXPECT_EQ(bytes.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(bytes.status().message());
}

template <typename Message>
std::string Decoded(const Message& message) {
  const absl::StatusOr<std::string> json =
      DecodeToJson(*Message::descriptor(), message.SerializeAsString());
  EXPECT_TRUE(json.ok()) << json.status();
  return json.ok() ? *json : "";
}

TEST(JsonCodecTest, FieldsAreNamedAsInTheProtoFilesOrInCamelCase) {
  const auto request =
      Encoded<ExecProcessRequest>(R"({"id": "c", "execId": "e", "terminal": true})");
  EXPECT_EQ(request.id(), "c");
  EXPECT_EQ(request.exec_id(), "e");
  EXPECT_TRUE(request.terminal());
}

TEST(JsonCodecTest, AnOciDocumentTravelsAsJsonUnderItsUrl) {
  const auto request =
      Encoded<ExecProcessRequest>(R"({"spec": {"@type": "Process", "value": {"args": ["true"]}}})");
  EXPECT_EQ(request.spec().type_url(), "types.containerd.io/opencontainers/runtime-spec/1/Process");
  EXPECT_EQ(request.spec().value(), R"({"args":["true"]})");
  EXPECT_THAT(Decoded(request), HasSubstr(R"("value":{"args":["true"]})"));
}

TEST(JsonCodecTest, AKnownMessageInAnAnyIsReadByName) {
  const auto request = Encoded<CreateTaskRequest>(
      R"({"options": {"@type": "runc.v1.Options", "root": "/r", "io_uid": 7},
          "rootfs": [{"type": "bind", "options": ["ro", "bind"]}]})");
  EXPECT_EQ(request.options().type_url(), "containerd.runc.v1.Options");
  ::containerd::runc::v1::Options options;
  ASSERT_TRUE(options.ParseFromString(request.options().value()));
  EXPECT_EQ(options.root(), "/r");
  EXPECT_EQ(options.io_uid(), 7u);
  EXPECT_EQ(request.rootfs(0).options(1), "bind");
  EXPECT_THAT(
      Decoded(request),
      HasSubstr(R"("options":{"@type":"containerd.runc.v1.Options","no_pivot_root":false)"));
}

TEST(JsonCodecTest, OtherBytesInAnAnyGoThroughAsBase64) {
  const auto request =
      Encoded<CreateTaskRequest>(R"({"options": {"@type": "x.example/Y", "base64": "AQID"}})");
  EXPECT_EQ(request.options().type_url(), "x.example/Y");
  EXPECT_EQ(request.options().value(), "\1\2\3");
  EXPECT_THAT(Decoded(request), HasSubstr(R"({"@type":"x.example/Y","base64":"AQID"})"));
}

TEST(JsonCodecTest, MapsEnumsAndTimes) {
  EXPECT_EQ(Encoded<UpdateTaskRequest>(R"({"annotations": {"a": "b"}})").annotations().at("a"),
            "b");
  EXPECT_EQ(Encoded<BootstrapParams>(R"({"log_level": "LOG_LEVEL_WARN"})").log_level(), 4);
  EXPECT_EQ(Encoded<BootstrapParams>(R"({"log_level": -5})").log_level(), -5);
  const auto state =
      Encoded<StateResponse>(R"({"status": "RUNNING", "exited_at": "2026-01-02T03:04:05.5Z"})");
  EXPECT_EQ(state.exited_at().nanos(), 500000000);
  EXPECT_EQ(Decoded(state),
            R"({"id":"","bundle":"","pid":0,"status":"RUNNING","stdin":"","stdout":"","stderr":"",)"
            R"("terminal":false,"exit_status":0,"exited_at":"2026-01-02T03:04:05.5+00:00",)"
            R"("exec_id":""})");
}

TEST(JsonCodecTest, TheZeroTimeOfGoIsReadAgain) {
  StateResponse state;
  state.mutable_exited_at()->set_seconds(-62135596800);
  const std::string json = Decoded(state);
  EXPECT_THAT(json, HasSubstr(R"("exited_at":"0001-01-01T00:00:00+00:00")"));
  EXPECT_EQ(Encoded<StateResponse>(json).exited_at().seconds(), -62135596800);
}

TEST(JsonCodecTest, FieldsWithoutANameAreCounted) {
  ::containerd::events::TaskExit exit;
  exit.set_pid(3);
  // Field 99, varint 1.
  const std::string bytes = exit.SerializeAsString() + std::string("\x98\x06\x01", 3);
  const absl::StatusOr<std::string> json =
      DecodeToJson(*::containerd::events::TaskExit::descriptor(), bytes);
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_THAT(*json, HasSubstr(R"("@unknown":[99])"));
}

TEST(JsonCodecTest, BytesThatAreNoMessageAreShown) {
  const auto json = DecodeToJson(*StateResponse::descriptor(), "\xff\xff");
  EXPECT_EQ(json.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(json.status().message()), HasSubstr("ffff"));
}

TEST(JsonCodecTest, ErrorsHaveAPlaceAndSayWhatWasExpected) {
  EXPECT_THAT(ErrorOf<ExecProcessRequest>("{\n  \"id\": \"c\",\n  \"terminal\": 1\n}"),
              HasSubstr("r.json:3:15: .terminal: expected true or false, got 1"));
  EXPECT_THAT(
      ErrorOf<ExecProcessRequest>(R"({"exec": "e"})"),
      HasSubstr("r.json:1:10: .exec: ExecProcessRequest has no such field; there are: id,"));
  EXPECT_THAT(ErrorOf<CreateTaskRequest>(R"({"rootfs": [{}, {"options": ["a", 2]}]})"),
              HasSubstr("r.json:1:35: .rootfs[1].options[1]: expected a string, got 2"));
  EXPECT_THAT(ErrorOf<StateResponse>(R"({"pid": -1})"),
              HasSubstr(".pid: expected an integer from 0 to 4294967295, got -1"));
  EXPECT_THAT(ErrorOf<StateResponse>(R"({"status": "AWAY"})"),
              HasSubstr("one of UNKNOWN, CREATED, RUNNING"));
  EXPECT_THAT(ErrorOf<StateResponse>(R"({"exited_at": "noon"})"), HasSubstr("expected a time"));
  EXPECT_THAT(ErrorOf<StateResponse>("{\"id\": \"a\",\n oops}"),
              HasSubstr("r.json:2:2: no JSON: "));
  EXPECT_THAT(ErrorOf<StateResponse>("[]"), HasSubstr("the request: expected an object"));
  EXPECT_THAT(ErrorOf<StateResponse>(""), HasSubstr("r.json:1:1: no JSON"));
}

TEST(JsonCodecTest, AnAnyNeedsATypeAndWhatBelongsToIt) {
  EXPECT_THAT(ErrorOf<CreateTaskRequest>(R"({"options": {}})"), HasSubstr("\"@type\" is missing"));
  EXPECT_THAT(ErrorOf<CreateTaskRequest>(R"({"options": {"@type": "No"}})"),
              HasSubstr("r.json:1:23: .options.@type: no message 'No'; give its bytes as"));
  EXPECT_THAT(ErrorOf<CreateTaskRequest>(R"({"options": {"@type": "Metrics"}})"),
              HasSubstr("ambiguous: io.containerd.cgroups.v1.Metrics, "));
  EXPECT_THAT(ErrorOf<CreateTaskRequest>(R"({"options": {"@type": "Process"}})"),
              HasSubstr("\"value\" is missing"));
  EXPECT_THAT(ErrorOf<CreateTaskRequest>(R"({"options": {"@type": "x", "base64": "?"}})"),
              HasSubstr(".options.base64: expected base64"));
}

TEST(JsonPositionTest, FindsValuesBehindStringsThatLookLikeStructure) {
  const std::string json = R"({"a": "]}\"", "b\u0063": [ {"c": [1,2]}, 3 ]})";
  EXPECT_EQ(json.substr(FindValue(json, {"bc", "0", "c", "1"}), 1), "2");
  EXPECT_EQ(json.substr(FindValue(json, {"bc", "1"}), 1), "3");
  EXPECT_EQ(FindValue(json, {"none"}), 0u);
  EXPECT_EQ(PositionAt("a\nbc", 3), (TextPosition{.line = 2, .column = 2}));
}

}  // namespace
}  // namespace conformance
