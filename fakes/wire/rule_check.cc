// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/rule_check.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <google/protobuf/message.h>

#include <array>
#include <memory>

#include "base/status_macros.h"
#include "containerd/topics.h"
#include "fakes/spec_edit/spec_edit.h"
#include "fakes/wire/field_path.h"
#include "fakes/wire/task_methods.h"

namespace fakes {
namespace {

using google::protobuf::Message;

bool IsSpecial(WireSide side, absl::string_view field) {
  if (field == "first-gone" || absl::StartsWith(field, "env.")) return true;
  switch (side) {
    case WireSide::kRequest:
      return field == "service" || field == "method" || field == "stream" || field == "timeout" ||
             field == "connection" || absl::StartsWith(field, "metadata.");
    case WireSide::kReply:
      return field == "code" || field == "text" || field == "stream" ||
             absl::StartsWith(field, "request.");
    case WireSide::kEvent:
      return field == "topic" || field == "namespace" || field == "timestamp" ||
             field == "type_url";
    default:
      return false;
  }
}

// The body of such messages; nullptr: unknown, or of several kinds.
std::unique_ptr<Message> BodyOf(WireSide side, const std::string& name) {
  if (side == WireSide::kEvent) {
    const containerd::Topic* topic = containerd::FindTopicByName(name);
    return topic == nullptr ? nullptr : NewMessageOf(topic->type_name);
  }
  const TaskMethod* method = FindTaskMethod("", name);
  if (method == nullptr) return nullptr;
  return NewMessageOf(side == WireSide::kRequest ? method->request : method->reply);
}

absl::Status CheckMessageField(const WireRule& rule, absl::string_view field, bool reading) {
  if (IsSpecial(rule.side, field)) return absl::OkStatus();
  const std::unique_ptr<Message> body = BodyOf(rule.side, rule.name);
  if (!body) return absl::OkStatus();
  const absl::Status found = CheckField(*body->GetDescriptor(), field);
  if (found.ok() || !reading || rule.side != WireSide::kReply) return found;
  // What a reply does not have is looked for in its request.
  return CheckField(*BodyOf(WireSide::kRequest, rule.name)->GetDescriptor(), field);
}

// What `set` and `clear` edit in the output of a command.
absl::Status CheckCommandField(const WireRule& rule, absl::string_view field) {
  if (rule.side == WireSide::kStart) {
    constexpr std::array<absl::string_view, 4> kFields = {"version", "address", "protocol",
                                                          "dialect"};
    for (const absl::string_view known : kFields) {
      if (field == known) return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        absl::StrCat("field '", field, "' is none of version, address, protocol, dialect"));
  }
  const auto body =
      NewMessageOf(rule.side == WireSide::kDelete ? "containerd.task.v3.DeleteResponse"
                                                  : "containerd.types.RuntimeInfo");
  return CheckField(*body->GetDescriptor(), field);
}

}  // namespace

absl::Status CheckWireRule(const WireRule& rule) {
  const bool message = (Bit(rule.side) & kMessageSides) != 0;
  if (rule.act == WireAct::kSpec) {
    if (rule.name == "Create") return ParseSpecEdit(rule.text).status();
    return absl::InvalidArgumentError(
        absl::StrCat("'spec' is for Create, not for '", rule.name, "': it alone has a bundle"));
  }
  if (message) {
    for (const WireCondition& condition : rule.where) {
      RETURN_IF_ERROR(CheckMessageField(rule, condition.field, /*reading=*/true));
    }
  }
  if (rule.act == WireAct::kAlso || rule.act == WireAct::kEmit) {
    const WireSide side = rule.act == WireAct::kAlso ? WireSide::kRequest : WireSide::kEvent;
    const std::unique_ptr<Message> body = BodyOf(side, rule.target);
    if (!body && side == WireSide::kRequest) {
      return absl::InvalidArgumentError(absl::StrCat("Task has no method '", rule.target, "'"));
    }
    for (const WireAssignment& one : rule.assignments) {
      if (body && !IsSpecial(side, one.field)) {
        RETURN_IF_ERROR(CheckField(*body->GetDescriptor(), one.field));
      }
    }
    return absl::OkStatus();
  }
  for (const WireAssignment& one : rule.assignments) {
    RETURN_IF_ERROR(message ? CheckMessageField(rule, one.field, /*reading=*/false)
                            : CheckCommandField(rule, one.field));
  }
  for (const std::string& field : rule.fields) {
    RETURN_IF_ERROR(message ? CheckMessageField(rule, field, /*reading=*/false)
                            : CheckCommandField(rule, field));
  }
  return absl::OkStatus();
}

}  // namespace fakes
