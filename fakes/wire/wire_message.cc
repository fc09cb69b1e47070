// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/wire_message.h"

#include <absl/memory/memory.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <utility>

#include "base/status_macros.h"
#include "containerd/topics.h"
#include "fakes/wire/field_path.h"
#include "fakes/wire/task_methods.h"
#include "services/events/ttrpc.pb.h"
#include "ttrpc/envelope.h"

namespace fakes {
namespace {

using containerd::services::events::ttrpc::v1::Envelope;
using containerd::services::events::ttrpc::v1::ForwardRequest;

constexpr int kForeignField = 9999;
constexpr absl::string_view kUndecodable = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";

// A request that no client may send, as rules call it.
constexpr char kDataFrame[] = "#data";
constexpr char kResponseFrame[] = "#response";
constexpr char kOtherFrame[] = "#other";
constexpr char kOversizedFrame[] = "#oversized";

absl::string_view Abseil(const std::string& text) { return {text.data(), text.size()}; }

std::unique_ptr<google::protobuf::Message> Decode(absl::string_view type, absl::string_view bytes) {
  std::unique_ptr<google::protobuf::Message> message = NewMessageOf(type);
  if (!message || !message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return nullptr;
  }
  return message;
}

}  // namespace

WireMessage::WireMessage(WireSide side, ttrpc::FrameHeader header, std::string data)
    : side_(side), header_(header), data_(std::move(data)) {}

WireMessage::~WireMessage() = default;

std::shared_ptr<WireMessage> WireMessage::Request(ttrpc::FrameHeader header, std::string data,
                                                  std::uint32_t connection) {
  auto message = absl::WrapUnique(new WireMessage(WireSide::kRequest, header, std::move(data)));
  message->connection_ = connection;
  if (header.type != ttrpc::kFrameRequest) {
    message->name_ = header.type == ttrpc::kFrameData       ? kDataFrame
                     : header.type == ttrpc::kFrameResponse ? kResponseFrame
                                                            : kOtherFrame;
    return message;
  }
  message->DecodeRequest();
  message->name_ = message->method_;
  if (const TaskMethod* method = FindTaskMethod(message->service_, message->method_)) {
    message->body_ = Decode(method->request, message->payload_);
  }
  return message;
}

std::shared_ptr<WireMessage> WireMessage::Oversized(ttrpc::FrameHeader header) {
  auto message = absl::WrapUnique(new WireMessage(WireSide::kRequest, header, ""));
  message->name_ = kOversizedFrame;
  return message;
}

std::shared_ptr<WireMessage> WireMessage::Reply(ttrpc::FrameHeader header, std::string data,
                                                std::shared_ptr<const WireMessage> request) {
  auto message = absl::WrapUnique(new WireMessage(WireSide::kReply, header, std::move(data)));
  message->request_ = std::move(request);
  message->name_ = message->request_->name_;
  message->DecodeReply();
  return message;
}

std::shared_ptr<WireMessage> WireMessage::Event(ttrpc::FrameHeader header, std::string data) {
  auto message = absl::WrapUnique(new WireMessage(WireSide::kEvent, header, std::move(data)));
  message->DecodeRequest();
  if (!message->DecodeEvent()) return nullptr;
  return message;
}

std::shared_ptr<WireMessage> WireMessage::NewEvent(const std::string& topic,
                                                   const std::string& ns) {
  auto message = absl::WrapUnique(new WireMessage(WireSide::kEvent, {}, ""));
  message->service_ = "containerd.services.events.ttrpc.v1.Events";
  message->method_ = "Forward";
  message->name_ = topic;
  message->edited_ = true;
  auto envelope = std::make_unique<Envelope>();
  envelope->set_namespace_(ns);
  envelope->set_topic(topic);
  message->envelope_ = std::move(envelope);
  message->type_url_ = "example.Foreign";
  if (const containerd::Topic* known = containerd::FindTopicByName(topic)) {
    message->type_url_ = std::string(known->type_name);
    message->body_ = NewMessageOf(known->type_name);
  }
  WriteField(*message->envelope_, "timestamp", WireAssignment::Op::kSet, "now").IgnoreError();
  return message;
}

void WireMessage::DecodeRequest() {
  const auto request = ttrpc::DecodeRequest(data_);
  if (!request.ok()) return;
  service_ = std::string(request->service);
  method_ = std::string(request->method);
  payload_ = std::string(request->payload);
  timeout_nano_ = request->timeout_nano;
  metadata_ = request->metadata;
}

void WireMessage::DecodeReply() {
  const auto reply = ttrpc::DecodeResponse(data_);
  if (!reply.ok()) return;
  code_ = reply->code;
  text_ = std::string(reply->message);
  payload_ = std::string(reply->payload);
  const TaskMethod* method = FindTaskMethod(request_->service_, request_->method_);
  if (code_ == 0 && method != nullptr) body_ = Decode(method->reply, payload_);
}

bool WireMessage::DecodeEvent() {
  ForwardRequest forward;
  if (method_ != "Forward" || !forward.ParseFromString(payload_)) return false;
  type_url_ = forward.envelope().event().type_url();
  payload_ = forward.envelope().event().value();
  body_ = Decode(type_url_, payload_);
  auto envelope = std::make_unique<Envelope>(std::move(*forward.mutable_envelope()));
  envelope->clear_event();
  name_ = envelope->topic();
  envelope_ = std::move(envelope);
  return true;
}

std::string WireMessage::process() const {
  std::string id;
  std::string exec;
  for (const char* name : {"container_id", "id"}) {
    const auto value = id.empty() ? Get(name) : std::nullopt;
    if (value) id = *value;
  }
  if (id.empty() || side_ == WireSide::kReply) id = Get("request.id").value_or(id);
  if (side_ == WireSide::kReply) {
    exec = Get("request.exec_id").value_or("");
  } else {
    exec = Get("exec_id").value_or("");
    if (side_ == WireSide::kEvent && exec.empty()) {
      exec = Get("id").value_or("");
      if (exec == id) exec.clear();
    }
  }
  return absl::StrCat(id, "/", exec);
}

std::optional<std::string> WireMessage::Special(absl::string_view field) const {
  if (field == "stream") return absl::StrCat(header_.stream);
  if (side_ == WireSide::kReply) {
    if (field == "code") return absl::StrCat(code_);
    if (field == "text") return text_;
    if (absl::ConsumePrefix(&field, "request.")) return request_->Get(field);
    return std::nullopt;
  }
  if (side_ == WireSide::kEvent) {
    if (field == "type_url") return type_url_;
    const bool own = field == "topic" || field == "namespace" || field == "timestamp";
    return own ? ReadField(*envelope_, field) : std::nullopt;
  }
  if (field == "service") return service_;
  if (field == "method") return method_;
  if (field == "connection") return absl::StrCat(connection_);
  if (field == "timeout") return absl::StrCat(timeout_nano_);
  if (!absl::ConsumePrefix(&field, "metadata.")) return std::nullopt;
  for (const ttrpc::Metadata& entry : metadata_) {
    if (Abseil(entry.key) == field) return entry.value;
  }
  return "";
}

std::optional<std::string> WireMessage::Get(absl::string_view field) const {
  if (auto value = Special(field)) return value;
  if (auto value = body_ ? ReadField(*body_, field) : std::nullopt) return value;
  // What a reply does not say of the process its request does.
  return side_ == WireSide::kReply && request_->body_ ? ReadField(*request_->body_, field)
                                                      : std::nullopt;
}

absl::StatusOr<bool> WireMessage::SetSpecial(const std::string& field, WireAssignment::Op op,
                                             const std::string& value) {
  if (side_ == WireSide::kEvent) {
    if (field == "type_url") {
      type_url_ = op == WireAssignment::Op::kAdd ? type_url_ + value : value;
      return true;
    }
    if (field != "topic" && field != "namespace" && field != "timestamp") return false;
    RETURN_IF_ERROR(WriteField(*envelope_, field, op, value));
    return true;
  }
  if (side_ != WireSide::kRequest) return false;
  if (field == "service" || field == "method") {
    (field == "service" ? service_ : method_) = value;
    return true;
  }
  if (field != "timeout") return false;
  if (absl::SimpleAtoi(value, &timeout_nano_)) return true;
  return absl::InvalidArgumentError(absl::StrCat("timeout: '", value, "' is no number"));
}

absl::Status WireMessage::Set(const std::string& field, WireAssignment::Op op,
                              const std::string& value) {
  edited_ = true;
  ASSIGN_OR_RETURN(const bool done, SetSpecial(field, op, value));
  if (done || !body_) return absl::OkStatus();
  return WriteField(*body_, field, op, value);
}

absl::Status WireMessage::Clear(const std::string& field) {
  edited_ = true;
  if (side_ == WireSide::kEvent) {
    if (field == "type_url") {
      type_url_.clear();
      return absl::OkStatus();
    }
    if (field == "topic" || field == "namespace" || field == "timestamp") {
      return ClearField(*envelope_, field);
    }
  }
  return body_ ? ClearField(*body_, field) : absl::OkStatus();
}

void WireMessage::AddUnknownField() {
  edited_ = true;
  if (!body_ && payload_.empty()) body_ = std::make_unique<google::protobuf::Empty>();
  if (!body_) return;
  body_->GetReflection()->MutableUnknownFields(body_.get())->AddVarint(kForeignField, 1);
}

void WireMessage::SpoilPayload() {
  edited_ = true;
  body_.reset();
  payload_ = std::string(kUndecodable);
}

void WireMessage::Fail(int code, const std::string& text) {
  edited_ = true;
  code_ = code;
  text_ = text;
  body_.reset();
  payload_.clear();
}

void WireMessage::Succeed() { Fail(0, ""); }

void WireMessage::ForgetDeadline() {
  edited_ = true;
  timeout_nano_ = 0;
}

void WireMessage::SwapContents(WireMessage& other) {
  edited_ = other.edited_ = true;
  std::swap(code_, other.code_);
  std::swap(text_, other.text_);
  std::swap(body_, other.body_);
  std::swap(payload_, other.payload_);
}

std::string WireMessage::EncodedEvent() const {
  ForwardRequest forward;
  *forward.mutable_envelope() = static_cast<const Envelope&>(*envelope_);
  google::protobuf::Any& any = *forward.mutable_envelope()->mutable_event();
  any.set_type_url(type_url_);
  any.set_value(body_ ? body_->SerializeAsString() : payload_);
  return forward.SerializeAsString();
}

std::string WireMessage::Data() const {
  if (!edited_) return data_;
  const std::string payload = side_ == WireSide::kEvent ? EncodedEvent()
                              : body_                   ? body_->SerializeAsString()
                                                        : payload_;
  if (side_ == WireSide::kReply) {
    return ttrpc::EncodeResponse(
        {.code = code_, .message = text_, .details = {}, .payload = payload});
  }
  return ttrpc::EncodeRequest({.service = service_,
                               .method = method_,
                               .payload = payload,
                               .timeout_nano = timeout_nano_,
                               .metadata = metadata_});
}

}  // namespace fakes
