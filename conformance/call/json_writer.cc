// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <absl/time/time.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/unknown_field_set.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "conformance/call/json_codec.h"
#include "conformance/call/message_types.h"

namespace conformance {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Json = nlohmann::ordered_json;

Json MessageJson(const Message& message);

Json TimeJson(const google::protobuf::Timestamp& time) {
  // absl::RFC3339_full writes Go's zero time with a year of one digit.
  return absl::FormatTime("%E4Y-%m-%d%ET%H:%M:%E*S%Ez",
                          absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()),
                          absl::UTCTimeZone());
}

Json AnyJson(const google::protobuf::Any& any) {
  Json json = {{"@type", any.type_url()}};
  if (IsJsonTypeUrl(any.type_url())) {
    Json document = Json::parse(any.value(), nullptr, false);
    if (!document.is_discarded()) {
      json["value"] = std::move(document);
      return json;
    }
  } else if (const absl::StatusOr<const Descriptor*> known = FindMessage(any.type_url());
             known.ok()) {
    const std::unique_ptr<Message> inner = NewMessage(**known);
    if (inner->ParseFromString(any.value())) {
      Json fields = MessageJson(*inner);
      if (fields.is_object()) {
        json.update(fields);
      } else {
        json["value"] = std::move(fields);
      }
      return json;
    }
  }
  json["base64"] = absl::Base64Escape(any.value());
  return json;
}

// One value of a field; `index` only counts for repeated ones.
Json ValueJson(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const auto get = [&](auto single, auto repeated) {
    return field.is_repeated() ? (reflection.*repeated)(message, &field, index)
                               : (reflection.*single)(message, &field);
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageJson(field.is_repeated() ? reflection.GetRepeatedMessage(message, &field, index)
                                             : reflection.GetMessage(message, &field));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = get(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue);
      const auto* value = field.enum_type()->FindValueByNumber(number);
      return value == nullptr ? Json(number) : Json(value->name());
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = get(&Reflection::GetString, &Reflection::GetRepeatedString);
      return field.type() == FieldDescriptor::TYPE_BYTES ? absl::Base64Escape(text) : text;
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      return get(&Reflection::GetBool, &Reflection::GetRepeatedBool);
    case FieldDescriptor::CPPTYPE_INT32:
      return get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32);
    case FieldDescriptor::CPPTYPE_UINT32:
      return get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat);
  }
  return Json();
}

Json RepeatedJson(const Message& message, const FieldDescriptor& field) {
  const int size = message.GetReflection()->FieldSize(message, &field);
  if (!field.is_map()) {
    Json values = Json::array();
    for (int i = 0; i < size; ++i) values.push_back(ValueJson(message, field, i));
    return values;
  }
  Json values = Json::object();
  for (int i = 0; i < size; ++i) {
    const Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
    const Json key = ValueJson(entry, *field.message_type()->map_key(), 0);
    values[key.is_string() ? key.get<std::string>() : key.dump()] =
        ValueJson(entry, *field.message_type()->map_value(), 0);
  }
  return values;
}

Json MessageJson(const Message& message) {
  if (const auto* time = dynamic_cast<const google::protobuf::Timestamp*>(&message)) {
    return TimeJson(*time);
  }
  if (const auto* any = dynamic_cast<const google::protobuf::Any*>(&message)) return AnyJson(*any);
  const Reflection& reflection = *message.GetReflection();
  Json json = Json::object();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (field.is_repeated()) {
      if (reflection.FieldSize(message, &field) > 0) {
        json[field.name()] = RepeatedJson(message, field);
      }
    } else if (!field.has_presence() || reflection.HasField(message, &field)) {
      json[field.name()] = ValueJson(message, field, 0);
    }
  }
  const google::protobuf::UnknownFieldSet& unknown = reflection.GetUnknownFields(message);
  for (int i = 0; i < unknown.field_count(); ++i) {
    json["@unknown"].push_back(unknown.field(i).number());
  }
  return json;
}

}  // namespace

absl::StatusOr<std::string> DecodeToJson(const Descriptor& type, absl::string_view payload,
                                         int indent) {
  const std::unique_ptr<Message> message = NewMessage(type);
  if (!message->ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return absl::InvalidArgumentError(absl::StrCat("the ", payload.size(), " bytes are no ",
                                                   type.full_name(), ": ",
                                                   absl::BytesToHexString(payload.substr(0, 64))));
  }
  return MessageJson(*message).dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace conformance
