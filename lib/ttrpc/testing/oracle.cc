// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/testing/oracle.h"

#include <absl/strings/escaping.h>
#include <google/protobuf/stubs/logging.h>

#include <cstdio>
#include <cstdlib>

#include "ttrpc/testing/wire.pb.h"

namespace ttrpc::testing {
namespace {

void Require(bool condition, const char* what, absl::string_view data) {
  if (condition) return;
  std::fprintf(stderr, "codec and protobuf disagree: %s, for \"%s\"\n", what,
               absl::CHexEscape(data).c_str());
  std::abort();
}

template <typename Message>
bool Parse(absl::string_view data, Message* message) {
  const google::protobuf::LogSilencer quiet;  // it reports invalid UTF-8
  return message->ParseFromArray(data.data(), static_cast<int>(data.size()));
}

wire::Request ToMessage(const RequestEnvelope& request) {
  wire::Request message;
  message.set_service(std::string(request.service));
  message.set_method(std::string(request.method));
  message.set_payload(std::string(request.payload));
  message.set_timeout_nano(request.timeout_nano);
  for (const Metadata& entry : request.metadata) {
    wire::KeyValue* added = message.add_metadata();
    added->set_key(entry.key);
    added->set_value(entry.value);
  }
  return message;
}

wire::Response ToMessage(const ResponseEnvelope& response) {
  wire::Response message;
  if (response.code != 0 || !response.message.empty() || !response.details.empty()) {
    message.mutable_status()->set_code(response.code);
    message.mutable_status()->set_message(std::string(response.message));
    for (const absl::string_view detail : response.details) {
      message.mutable_status()->add_details(std::string(detail));
    }
  }
  message.set_payload(std::string(response.payload));
  return message;
}

// What both sides know; protobuf also keeps unknown fields, and an empty status as present.
wire::Request Known(const wire::Request& message) {
  wire::Request known = message;
  known.DiscardUnknownFields();
  return known;
}

wire::Response Known(const wire::Response& message) {
  wire::Response known = message;
  known.DiscardUnknownFields();
  if (known.status().ByteSizeLong() == 0) known.clear_status();
  return known;
}

}  // namespace

std::string OracleEncode(const RequestEnvelope& request) {
  return ToMessage(request).SerializeAsString();
}

std::string OracleEncode(const ResponseEnvelope& response) {
  return ToMessage(response).SerializeAsString();
}

void CheckRequestAgainstOracle(absl::string_view data) {
  const absl::StatusOr<RequestEnvelope> ours = DecodeRequest(data);
  if (absl::IsResourceExhausted(ours.status())) return;  // a limit protobuf does not have
  wire::Request theirs;
  Require(Parse(data, &theirs) == ours.ok(), "request accepted by one only", data);
  if (!ours.ok()) return;
  const std::string expected = Known(theirs).SerializeAsString();
  Require(ToMessage(*ours).SerializeAsString() == expected, "request read differently", data);
  Require(EncodeRequest(*ours) == expected, "request written differently", data);
}

void CheckResponseAgainstOracle(absl::string_view data) {
  const absl::StatusOr<ResponseEnvelope> ours = DecodeResponse(data);
  wire::Response theirs;
  Require(Parse(data, &theirs) == ours.ok(), "response accepted by one only", data);
  if (!ours.ok()) return;
  const std::string expected = Known(theirs).SerializeAsString();
  Require(ToMessage(*ours).SerializeAsString() == expected, "response read differently", data);
  Require(EncodeResponse(*ours) == expected, "response written differently", data);
}

}  // namespace ttrpc::testing
