// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/events_decode.h"

#include <google/protobuf/message.h>

#include <memory>

#include "conformance/harness/task_messages.h"
#include "containerd/topics.h"
#include "events/task.pb.h"

namespace conformance {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::Reflection;

// Type URLs come bare (EVT-04); one with a prefix is wrong, but worth reading for the evidence.
std::string BareName(const std::string& type_url) {
  return type_url.substr(type_url.rfind('/') + 1);
}

std::string Text(const Message& message, const char* name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) return "";
  return message.GetReflection()->GetString(message, field);
}

std::uint32_t Number(const Message& message, const char* name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_UINT32) return 0;
  return message.GetReflection()->GetUInt32(message, field);
}

std::int64_t Time(const Message& message, const char* name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || !message.GetReflection()->HasField(message, field)) return 0;
  const auto* timestamp = dynamic_cast<const google::protobuf::Timestamp*>(
      &message.GetReflection()->GetMessage(message, field));
  return timestamp == nullptr ? 0 : UnixNanoseconds(*timestamp);
}

void ReadPayload(const Message& message, Event& event) {
  event.container_id = Text(message, "container_id");
  event.id = Text(message, "id");
  event.exec_id = Text(message, "exec_id");
  event.pid = Number(message, "pid");
  event.exit_status = Number(message, "exit_status");
  event.exited_at_ns = Time(message, "exited_at");
  event.payload_text = message.ShortDebugString();
}

}  // namespace

Event DecodeEvent(const fakes::ForwardedEvent& forwarded) {
  Event event;
  event.topic = forwarded.topic;
  event.type_url = forwarded.type_url;
  event.ns = forwarded.ns;
  event.timestamp_ns = forwarded.timestamp_ns;
  event.payload = forwarded.payload;
  event.received = forwarded.received;

  // Naming one message keeps the linker from dropping the file that registers them all.
  const Descriptor* const exit = containerd::events::TaskExit::descriptor();
  const Descriptor* type =
      exit->file()->pool()->FindMessageTypeByName(BareName(forwarded.type_url));
  if (type == nullptr) {
    event.decodable = containerd::FindTopicByName(forwarded.topic) == nullptr;
    return event;
  }
  const std::unique_ptr<Message> message(
      MessageFactory::generated_factory()->GetPrototype(type)->New());
  event.decodable = message->ParseFromString(forwarded.payload);
  if (event.decodable) ReadPayload(*message, event);
  return event;
}

}  // namespace conformance
