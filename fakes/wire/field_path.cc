// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/field_path.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <chrono>

#include "base/status_macros.h"
#include "events/task.pb.h"
#include "metrics/v1/metrics.pb.h"
#include "metrics/v2/metrics.pb.h"
#include "runc/options.pb.h"
#include "task/v3/task.pb.h"
#include "types/runtime_info.pb.h"

namespace fakes {
namespace {

using google::protobuf::Any;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;
using Op = WireAssignment::Op;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr std::int64_t kGoZeroSeconds = -62135596800;

// One component of a path: "processes[1]".
struct Step {
  std::string name;
  bool indexed = false;
  bool added = false;  // [+]
  int index = 0;
  absl::string_view rest;  // behind the dot; empty: this is the leaf
};

absl::Status BadPath(absl::string_view path, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("field '", path, "': ", why));
}

absl::StatusOr<Step> FirstStep(absl::string_view path) {
  Step step;
  const std::size_t dot = path.find('.');
  absl::string_view head = path.substr(0, dot);
  if (dot != absl::string_view::npos) step.rest = path.substr(dot + 1);
  const std::size_t bracket = head.find('[');
  if (bracket != absl::string_view::npos) {
    const absl::string_view inside = head.substr(bracket + 1);
    if (inside.size() < 2 || inside.back() != ']') return BadPath(path, "a ] is missing");
    const absl::string_view index = inside.substr(0, inside.size() - 1);
    step.indexed = true;
    step.added = index == "+";
    if (!step.added && (!absl::SimpleAtoi(index, &step.index) || step.index < 0)) {
      return BadPath(path, "between [ and ] stands an index, or +");
    }
    head = head.substr(0, bracket);
  }
  step.name = std::string(head);
  if (step.name.empty()) return BadPath(path, "a name is missing");
  return step;
}

absl::StatusOr<const FieldDescriptor*> FieldOf(const Descriptor& type, const Step& step) {
  const FieldDescriptor* field = type.FindFieldByName(step.name);
  if (field == nullptr) return BadPath(step.name, absl::StrCat(type.full_name(), " has no such"));
  if (step.indexed != field->is_repeated()) {
    // A list as a whole can only be cleared.
    if (!(field->is_repeated() && step.rest.empty() && !step.indexed)) {
      return BadPath(step.name, field->is_repeated() ? "a list, which needs an index" : "no list");
    }
  }
  return field;
}

bool IsMessage(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

bool LooksInside(const Message& any, absl::string_view rest) {
  return any.GetDescriptor() == Any::descriptor() && rest != "type_url" && rest != "value" &&
         !rest.empty();
}

// The message an Any holds; nullptr if it is of a foreign type or does not decode.
std::unique_ptr<Message> Unpack(const Message& message) {
  const auto& any = static_cast<const Any&>(message);
  std::unique_ptr<Message> inner = NewMessageOf(any.type_url());
  return inner && inner->ParseFromString(any.value()) ? std::move(inner) : nullptr;
}

std::string TimestampText(const Message& message) {
  const auto& time = static_cast<const Timestamp&>(message);
  // Go's zero time does not fit into 64 bits of nanoseconds.
  if (time.seconds() == kGoZeroSeconds && time.nanos() == 0) return "zero";
  return absl::StrCat(time.seconds() * kNanosPerSecond + time.nanos());
}

absl::Status SetTimestamp(Message& message, Op op, const std::string& value) {
  auto& time = static_cast<Timestamp&>(message);
  std::int64_t number = 0;
  if (op == Op::kSet && value == "zero") {
    time.set_seconds(kGoZeroSeconds);
    time.set_nanos(0);
    return absl::OkStatus();
  }
  if (op == Op::kSet && value == "now") {
    number = std::chrono::duration_cast<std::chrono::nanoseconds>(
                 std::chrono::system_clock::now().time_since_epoch())
                 .count();
  } else if (!absl::SimpleAtoi(value, &number)) {
    return absl::InvalidArgumentError(absl::StrCat("'", value, "' is no time"));
  } else if (op != Op::kSet) {
    if (op == Op::kSubtract) number = -number;
    number = time.seconds() * kNanosPerSecond + time.nanos() + number * kNanosPerMilli;
  }
  time.set_seconds(number / kNanosPerSecond);
  time.set_nanos(static_cast<std::int32_t>(number % kNanosPerSecond));
  return absl::OkStatus();
}

// One value of `field`, of its list if `step` says which.
std::optional<std::string> ReadLeaf(const Message& message, const FieldDescriptor& field,
                                    const Step& step) {
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated() && !step.indexed) {
    return absl::StrCat(reflection.FieldSize(message, &field));
  }
  const int i = step.index;
  const bool list = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool value = list ? reflection.GetRepeatedBool(message, &field, i)
                              : reflection.GetBool(message, &field);
      return value ? "true" : "false";
    }
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(list ? reflection.GetRepeatedInt32(message, &field, i)
                               : reflection.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(list ? reflection.GetRepeatedInt64(message, &field, i)
                               : reflection.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(list ? reflection.GetRepeatedUInt32(message, &field, i)
                               : reflection.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(list ? reflection.GetRepeatedUInt64(message, &field, i)
                               : reflection.GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = list ? reflection.GetRepeatedEnumValue(message, &field, i)
                              : reflection.GetEnumValue(message, &field);
      const auto* value = field.enum_type()->FindValueByNumber(number);
      return value == nullptr ? absl::StrCat(number) : value->name();
    }
    case FieldDescriptor::CPPTYPE_STRING:
      return list ? reflection.GetRepeatedString(message, &field, i)
                  : reflection.GetString(message, &field);
    default:
      return std::nullopt;  // floating point: no message of the contract has one
  }
}

std::optional<std::string> ReadMessageField(const Message& message, const FieldDescriptor& field,
                                            const Step& step) {
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated() && !step.indexed) {
    return absl::StrCat(reflection.FieldSize(message, &field));
  }
  if (!field.is_repeated() && !reflection.HasField(message, &field)) return std::nullopt;
  const Message& inner = field.is_repeated()
                             ? reflection.GetRepeatedMessage(message, &field, step.index)
                             : reflection.GetMessage(message, &field);
  if (LooksInside(inner, step.rest)) {
    const std::unique_ptr<Message> held = Unpack(inner);
    return held ? ReadField(*held, step.rest) : std::nullopt;
  }
  if (!step.rest.empty()) return ReadField(inner, step.rest);
  if (inner.GetDescriptor() == Timestamp::descriptor()) return TimestampText(inner);
  return inner.SerializeAsString();
}

absl::StatusOr<std::string> Sum(const Message& message, const FieldDescriptor& field,
                                const Step& step, Op op, const std::string& value) {
  if (op == Op::kSet) return value;
  const std::optional<std::string> before = ReadLeaf(message, field, step);
  std::int64_t number = 0;
  std::int64_t change = 0;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING && before && op == Op::kAdd) {
    return absl::StrCat(*before, value);
  }
  if (!before || !absl::SimpleAtoi(*before, &number) || !absl::SimpleAtoi(value, &change)) {
    return BadPath(step.name, "nothing that can be added to");
  }
  return absl::StrCat(op == Op::kAdd ? number + change : number - change);
}

template <typename Number>
absl::StatusOr<Number> ToNumber(const FieldDescriptor& field, const std::string& value) {
  Number number = 0;
  if (absl::SimpleAtoi(value, &number)) return number;
  // -1 in a field without sign: what C and Go make of it.
  std::int64_t wide = 0;
  if (absl::SimpleAtoi(value, &wide)) return static_cast<Number>(wide);
  return BadPath(field.name(), absl::StrCat("'", value, "' is no number"));
}

absl::StatusOr<int> EnumNumber(const FieldDescriptor& field, const std::string& value) {
  int number = 0;
  if (const auto* named = field.enum_type()->FindValueByName(value)) return named->number();
  if (absl::SimpleAtoi(value, &number)) return number;
  return BadPath(field.name(), absl::StrCat("'", value, "' is no ", field.enum_type()->name()));
}

absl::Status WriteLeaf(Message& message, const FieldDescriptor& field, const Step& step,
                       const std::string& value) {
  const Reflection& r = *message.GetReflection();
  const bool list = field.is_repeated();
  const int i = step.index;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      if (value != "true" && value != "false") {
        return BadPath(field.name(), absl::StrCat("'", value, "' is neither true nor false"));
      }
      list ? r.SetRepeatedBool(&message, &field, i, value == "true")
           : r.SetBool(&message, &field, value == "true");
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_INT32: {
      ASSIGN_OR_RETURN(const auto number, ToNumber<std::int32_t>(field, value));
      list ? r.SetRepeatedInt32(&message, &field, i, number) : r.SetInt32(&message, &field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      ASSIGN_OR_RETURN(const auto number, ToNumber<std::int64_t>(field, value));
      list ? r.SetRepeatedInt64(&message, &field, i, number) : r.SetInt64(&message, &field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      ASSIGN_OR_RETURN(const auto number, ToNumber<std::uint32_t>(field, value));
      list ? r.SetRepeatedUInt32(&message, &field, i, number)
           : r.SetUInt32(&message, &field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      ASSIGN_OR_RETURN(const auto number, ToNumber<std::uint64_t>(field, value));
      list ? r.SetRepeatedUInt64(&message, &field, i, number)
           : r.SetUInt64(&message, &field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      ASSIGN_OR_RETURN(const int number, EnumNumber(field, value));
      list ? r.SetRepeatedEnumValue(&message, &field, i, number)
           : r.SetEnumValue(&message, &field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_STRING:
      list ? r.SetRepeatedString(&message, &field, i, value) : r.SetString(&message, &field, value);
      return absl::OkStatus();
    default:
      return BadPath(field.name(), "a kind of field that cannot be set");
  }
}

// The element that `step` names, made if it asks for one more. nullptr: beyond the end.
Message* MutableInner(Message& message, const FieldDescriptor& field, const Step& step) {
  const Reflection& reflection = *message.GetReflection();
  if (!field.is_repeated()) return reflection.MutableMessage(&message, &field);
  if (step.added) return reflection.AddMessage(&message, &field);
  if (step.index >= reflection.FieldSize(message, &field)) return nullptr;
  return reflection.MutableRepeatedMessage(&message, &field, step.index);
}

absl::Status WriteInner(Message& inner, const Step& step, Op op, const std::string& value) {
  if (LooksInside(inner, step.rest)) {
    const std::unique_ptr<Message> held = Unpack(inner);
    if (!held) return absl::OkStatus();  // whatever it is, it has no such field
    RETURN_IF_ERROR(WriteField(*held, step.rest, op, value));
    static_cast<Any&>(inner).set_value(held->SerializeAsString());
    return absl::OkStatus();
  }
  if (!step.rest.empty()) return WriteField(inner, step.rest, op, value);
  if (inner.GetDescriptor() == Timestamp::descriptor()) return SetTimestamp(inner, op, value);
  if (op == Op::kSet && inner.ParseFromString(value)) return absl::OkStatus();
  return BadPath(step.name, "a message: name one of its fields");
}

}  // namespace

std::optional<std::string> ReadField(const Message& message, absl::string_view path) {
  const absl::StatusOr<Step> step = FirstStep(path);
  if (!step.ok()) return std::nullopt;
  const absl::StatusOr<const FieldDescriptor*> field = FieldOf(*message.GetDescriptor(), *step);
  if (!field.ok()) return std::nullopt;
  const int size =
      (*field)->is_repeated() ? message.GetReflection()->FieldSize(message, *field) : 0;
  if (step->indexed && (step->added || step->index >= size)) return std::nullopt;
  if (IsMessage(**field)) return ReadMessageField(message, **field, *step);
  return step->rest.empty() ? ReadLeaf(message, **field, *step) : std::nullopt;
}

absl::Status WriteField(Message& message, absl::string_view path, Op op, const std::string& value) {
  ASSIGN_OR_RETURN(Step step, FirstStep(path));
  ASSIGN_OR_RETURN(const FieldDescriptor* field, FieldOf(*message.GetDescriptor(), step));
  if (field->is_repeated() && !step.indexed) return BadPath(path, "a list, which needs an index");
  if (IsMessage(*field)) {
    Message* inner = MutableInner(message, *field, step);
    return inner == nullptr ? absl::OkStatus() : WriteInner(*inner, step, op, value);
  }
  if (!step.rest.empty()) return BadPath(path, "no message, it has no fields");
  const Reflection& reflection = *message.GetReflection();
  if (step.added) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) {
      return BadPath(path, "only texts and messages can be added to a list");
    }
    reflection.AddString(&message, field, value);
    return absl::OkStatus();
  }
  if (step.indexed && step.index >= reflection.FieldSize(message, field)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string result, Sum(message, *field, step, op, value));
  return WriteLeaf(message, *field, step, result);
}

absl::Status ClearField(Message& message, absl::string_view path) {
  ASSIGN_OR_RETURN(Step step, FirstStep(path));
  ASSIGN_OR_RETURN(const FieldDescriptor* field, FieldOf(*message.GetDescriptor(), step));
  const Reflection& reflection = *message.GetReflection();
  if (!step.rest.empty()) {
    if (!IsMessage(*field)) return BadPath(path, "no message, it has no fields");
    Message* inner = MutableInner(message, *field, step);
    if (inner == nullptr) return absl::OkStatus();
    if (!LooksInside(*inner, step.rest)) return ClearField(*inner, step.rest);
    const std::unique_ptr<Message> held = Unpack(*inner);
    if (!held) return absl::OkStatus();
    RETURN_IF_ERROR(ClearField(*held, step.rest));
    static_cast<Any*>(inner)->set_value(held->SerializeAsString());
    return absl::OkStatus();
  }
  if (!step.indexed) {
    reflection.ClearField(&message, field);
    return absl::OkStatus();
  }
  const int size = reflection.FieldSize(message, field);
  if (step.added || step.index >= size) return absl::OkStatus();
  for (int i = step.index; i + 1 < size; ++i) reflection.SwapElements(&message, field, i, i + 1);
  reflection.RemoveLast(&message, field);
  return absl::OkStatus();
}

absl::Status CheckField(const Descriptor& type, absl::string_view path) {
  ASSIGN_OR_RETURN(const Step step, FirstStep(path));
  ASSIGN_OR_RETURN(const FieldDescriptor* field, FieldOf(type, step));
  if (step.rest.empty()) return absl::OkStatus();
  if (!IsMessage(*field)) return BadPath(path, "no message, it has no fields");
  const Descriptor* inner = field->message_type();
  if (inner == Any::descriptor()) return absl::OkStatus();
  return CheckField(*inner, step.rest);
}

std::unique_ptr<Message> NewMessageOf(absl::string_view type_name) {
  // Types are found by name only if their file is in the program, which a mention of it brings.
  [[maybe_unused]] static const Descriptor* const known[] = {
      containerd::task::v3::StateRequest::descriptor(),
      containerd::events::TaskExit::descriptor(),
      containerd::runc::v1::ProcessDetails::descriptor(),
      containerd::types::RuntimeInfo::descriptor(),
      io::containerd::cgroups::v1::Metrics::descriptor(),
      io::containerd::cgroups::v2::Metrics::descriptor()};
  const absl::string_view bare = type_name.substr(type_name.rfind('/') + 1);
  const auto* type =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(std::string(bare));
  if (type == nullptr) return nullptr;
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

}  // namespace fakes
