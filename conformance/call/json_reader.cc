// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/escaping.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/time/time.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "conformance/call/json_codec.h"
#include "conformance/call/json_position.h"
#include "conformance/call/message_types.h"
#include "containerd/timestamps.h"

namespace conformance {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Json = nlohmann::ordered_json;

std::string FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names.empty() ? "it has none" : "there are: " + absl::StrJoin(names, ", ");
}

// A short form of what was found instead, for messages.
std::string Shown(const Json& json) {
  constexpr std::size_t kShownBytes = 40;
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > kShownBytes) text = text.substr(0, kShownBytes) + "...";
  return text;
}

class MessageReader {
 public:
  MessageReader(absl::string_view text, absl::string_view name) : text_(text), name_(name) {}

  absl::Status ReadMessage(const Json& json, Message& message);

 private:
  // One step further into the document for as long as it lives.
  class Step {
   public:
    Step(JsonPath& path, std::string step) : path_(path) { path_.push_back(std::move(step)); }
    ~Step() { path_.pop_back(); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    JsonPath& path_;
  };

  [[nodiscard]] absl::Status Error(absl::string_view what) const {
    const TextPosition position = PositionAt(text_, FindValue(text_, path_));
    return absl::InvalidArgumentError(absl::StrCat(name_, ":", position.line, ":", position.column,
                                                   ": ", PathText(path_), ": ", what));
  }
  [[nodiscard]] absl::Status Expected(absl::string_view what, const Json& json) const {
    return Error(absl::StrCat("expected ", what, ", got ", Shown(json)));
  }

  absl::Status ReadAny(const Json& json, google::protobuf::Any& any);
  absl::Status ReadTime(const Json& json, google::protobuf::Timestamp& time);
  absl::Status ReadField(const Json& json, const FieldDescriptor& field, Message& message);
  absl::Status ReadMap(const Json& json, const FieldDescriptor& field, Message& message);
  absl::Status ReadScalar(const Json& json, const FieldDescriptor& field, Message& message);
  absl::Status ReadEnum(const Json& json, const FieldDescriptor& field, Message& message);
  template <typename Integer>
  absl::StatusOr<Integer> ReadInteger(const Json& json) const;

  const absl::string_view text_;
  const std::string name_;
  JsonPath path_;
};

absl::Status MessageReader::ReadMessage(const Json& json, Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  if (auto* time = dynamic_cast<google::protobuf::Timestamp*>(&message)) {
    return ReadTime(json, *time);
  }
  if (!json.is_object()) return Expected(absl::StrCat("an object (", type.name(), ")"), json);
  if (auto* any = dynamic_cast<google::protobuf::Any*>(&message)) return ReadAny(json, *any);
  for (const auto& [key, value] : json.items()) {
    const Step step(path_, key);
    const FieldDescriptor* field = type.FindFieldByName(key);
    if (field == nullptr) field = type.FindFieldByCamelcaseName(key);
    if (key == "@type") continue;  // of the Any around it
    if (field == nullptr) {
      return Error(absl::StrCat(type.name(), " has no such field; ", FieldNames(type)));
    }
    if (value.is_null()) continue;
    RETURN_IF_ERROR(ReadField(value, *field, message));
  }
  return absl::OkStatus();
}

absl::Status MessageReader::ReadAny(const Json& json, google::protobuf::Any& any) {
  const auto type = json.find("@type");
  if (type == json.end() || !type->is_string()) {
    return Error("\"@type\" is missing, for example \"containerd.runc.v1.Options\" or \"Process\"");
  }
  const std::string name = type->get<std::string>();
  const std::string json_url = JsonTypeUrl(name);
  const bool has_bytes = json.contains("base64");
  if (has_bytes) {
    const Step step(path_, "base64");
    const Json& bytes = json["base64"];
    if (!bytes.is_string() ||
        !absl::Base64Unescape(bytes.get<std::string>(), any.mutable_value())) {
      return Expected("base64", bytes);
    }
    any.set_type_url(json_url.empty() ? name : json_url);
    return absl::OkStatus();
  }
  if (!json_url.empty()) {
    if (!json.contains("value")) return Error("\"value\" is missing: the JSON document to send");
    any.set_type_url(json_url);
    any.set_value(json["value"].dump());
    return absl::OkStatus();
  }
  const absl::StatusOr<const Descriptor*> known = FindMessage(name);
  if (!known.ok()) {
    const Step step(path_, "@type");
    return Error(absl::StrCat(known.status().message(), "; give its bytes as \"base64\""));
  }
  const std::unique_ptr<Message> inner = NewMessage(**known);
  if (dynamic_cast<google::protobuf::Timestamp*>(inner.get()) != nullptr) {
    RETURN_IF_ERROR(ReadMessage(json.value("value", Json()), *inner));
  } else {
    RETURN_IF_ERROR(ReadMessage(json, *inner));
  }
  any.set_type_url(name.find('/') == std::string::npos ? (*known)->full_name() : name);
  any.set_value(inner->SerializeAsString());
  return absl::OkStatus();
}

absl::Status MessageReader::ReadTime(const Json& json, google::protobuf::Timestamp& time) {
  absl::Time parsed;
  std::string error;
  if (!json.is_string() ||
      !absl::ParseTime(absl::RFC3339_full, json.get<std::string>(), &parsed, &error)) {
    return Expected("a time such as \"2026-01-02T03:04:05Z\"", json);
  }
  const std::int64_t seconds = absl::ToUnixSeconds(parsed);
  time.set_seconds(seconds);
  time.set_nanos(
      static_cast<std::int32_t>(absl::ToInt64Nanoseconds(parsed - absl::FromUnixSeconds(seconds))));
  return absl::OkStatus();
}

absl::Status MessageReader::ReadField(const Json& json, const FieldDescriptor& field,
                                      Message& message) {
  if (field.is_map()) return ReadMap(json, field, message);
  if (!field.is_repeated()) return ReadScalar(json, field, message);
  if (!json.is_array()) return Expected("an array", json);
  for (std::size_t i = 0; i < json.size(); ++i) {
    const Step step(path_, std::to_string(i));
    RETURN_IF_ERROR(ReadScalar(json[i], field, message));
  }
  return absl::OkStatus();
}

absl::Status MessageReader::ReadMap(const Json& json, const FieldDescriptor& field,
                                    Message& message) {
  if (!json.is_object()) return Expected("an object", json);
  const FieldDescriptor& key_field = *field.message_type()->map_key();
  for (const auto& [key, value] : json.items()) {
    const Step step(path_, key);
    Message* entry = message.GetReflection()->AddMessage(&message, &field);
    RETURN_IF_ERROR(ReadScalar(Json(key), key_field, *entry));
    RETURN_IF_ERROR(ReadScalar(value, *field.message_type()->map_value(), *entry));
  }
  return absl::OkStatus();
}

template <typename Integer>
absl::StatusOr<Integer> MessageReader::ReadInteger(const Json& json) const {
  // As proto3's mapping has it: numbers, and strings because of the 64-bit ones.
  std::string digits;
  if (json.is_string()) {
    digits = json.get<std::string>();
  } else if (json.is_number_integer()) {
    digits = json.dump();
  } else if (json.is_number_float() && std::floor(json.get<double>()) == json.get<double>() &&
             std::abs(json.get<double>()) < 9e15) {
    digits = std::to_string(static_cast<std::int64_t>(json.get<double>()));
  }
  Integer value = 0;
  if (digits.empty() || !absl::SimpleAtoi(digits, &value)) {
    return Expected(absl::StrCat("an integer from ", std::numeric_limits<Integer>::min(), " to ",
                                 std::numeric_limits<Integer>::max()),
                    json);
  }
  return value;
}

absl::Status MessageReader::ReadEnum(const Json& json, const FieldDescriptor& field,
                                     Message& message) {
  const Reflection& reflection = *message.GetReflection();
  int number = 0;
  if (json.is_number_integer()) {
    ASSIGN_OR_RETURN(number, ReadInteger<std::int32_t>(json));
  } else {
    const auto* value =
        json.is_string() ? field.enum_type()->FindValueByName(json.get<std::string>()) : nullptr;
    if (value == nullptr) {
      std::vector<std::string> names;
      for (int i = 0; i < field.enum_type()->value_count(); ++i) {
        names.push_back(field.enum_type()->value(i)->name());
      }
      return Expected(absl::StrCat("one of ", absl::StrJoin(names, ", ")), json);
    }
    number = value->number();
  }
  if (field.is_repeated()) {
    reflection.AddEnumValue(&message, &field, number);
  } else {
    reflection.SetEnumValue(&message, &field, number);
  }
  return absl::OkStatus();
}

// One value of a field: sets it, or adds it when the field is repeated.
absl::Status MessageReader::ReadScalar(const Json& json, const FieldDescriptor& field,
                                       Message& message) {
  const Reflection& reflection = *message.GetReflection();
  const auto put = [&](auto set, auto add, auto value) {
    if (field.is_repeated()) {
      (reflection.*add)(&message, &field, value);
    } else {
      (reflection.*set)(&message, &field, value);
    }
    return absl::OkStatus();
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ReadMessage(json, field.is_repeated() ? *reflection.AddMessage(&message, &field)
                                                   : *reflection.MutableMessage(&message, &field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return ReadEnum(json, field, message);
    case FieldDescriptor::CPPTYPE_BOOL:
      if (!json.is_boolean()) return Expected("true or false", json);
      return put(&Reflection::SetBool, &Reflection::AddBool, json.get<bool>());
    case FieldDescriptor::CPPTYPE_STRING: {
      if (!json.is_string()) return Expected("a string", json);
      std::string value = json.get<std::string>();
      if (field.type() == FieldDescriptor::TYPE_BYTES &&
          !absl::Base64Unescape(json.get<std::string>(), &value)) {
        return Expected("base64", json);
      }
      return put(&Reflection::SetString, &Reflection::AddString, value);
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      ASSIGN_OR_RETURN(const auto value, ReadInteger<std::int32_t>(json));
      return put(&Reflection::SetInt32, &Reflection::AddInt32, value);
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      ASSIGN_OR_RETURN(const auto value, ReadInteger<std::uint32_t>(json));
      return put(&Reflection::SetUInt32, &Reflection::AddUInt32, value);
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      ASSIGN_OR_RETURN(const auto value, ReadInteger<std::int64_t>(json));
      return put(&Reflection::SetInt64, &Reflection::AddInt64, value);
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      ASSIGN_OR_RETURN(const auto value, ReadInteger<std::uint64_t>(json));
      return put(&Reflection::SetUInt64, &Reflection::AddUInt64, value);
    }
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (!json.is_number()) return Expected("a number", json);
      return put(&Reflection::SetDouble, &Reflection::AddDouble, json.get<double>());
    case FieldDescriptor::CPPTYPE_FLOAT:
      if (!json.is_number()) return Expected("a number", json);
      return put(&Reflection::SetFloat, &Reflection::AddFloat, json.get<float>());
  }
  return Error("a type this build cannot write");
}

}  // namespace

absl::StatusOr<std::string> EncodeJson(const Descriptor& type, absl::string_view json,
                                       absl::string_view name) {
  Json document;
  try {
    document = Json::parse(json.begin(), json.end());
  } catch (const Json::parse_error& error) {
    const TextPosition position = PositionAt(json, error.byte == 0 ? 0 : error.byte - 1);
    const absl::string_view what = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ...": the
    // position is said already.
    const std::size_t detail = what.find(": ");
    return absl::InvalidArgumentError(absl::StrCat(
        name, ":", position.line, ":", position.column,
        ": no JSON: ", detail == absl::string_view::npos ? what : what.substr(detail + 2)));
  }
  const std::unique_ptr<Message> message = NewMessage(type);
  RETURN_IF_ERROR(MessageReader(json, name).ReadMessage(document, *message));
  return message->SerializeAsString();
}

}  // namespace conformance
