// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <google/protobuf/descriptor.h>

#include <memory>
#include <set>
#include <utility>

#include "conformance/call/call_command.h"
#include "conformance/call/message_types.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/run_command.h"

namespace conformance {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::MethodDescriptor;

std::string Signature(const MethodDescriptor& method) {
  return absl::StrCat(method.name(), "(", method.input_type()->full_name(), ") returns (",
                      method.output_type()->full_name(), ")");
}

// The message and those it is made of, each once.
void AppendMessage(const Descriptor& type, std::set<const Descriptor*>& seen, std::string& text) {
  if (!seen.insert(&type).second) return;
  absl::StrAppend(&text, "\n", type.full_name(), "\n", type.DebugString());
  for (int i = 0; i < type.field_count(); ++i) {
    const Descriptor* inner = type.field(i)->message_type();
    if (inner == nullptr) continue;
    if (type.field(i)->is_map()) inner = inner->map_value()->message_type();
    if (inner != nullptr && inner->file()->package() != "google.protobuf") {
      AppendMessage(*inner, seen, text);
    }
  }
}

std::string DescribeMethod(const MethodName& name) {
  std::string text;
  for (const KnownService& service : name.services) {
    absl::StrAppend(&text, service.name, "/", Signature(*name.method), "\n");
  }
  std::set<const Descriptor*> seen;
  AppendMessage(*name.method->input_type(), seen, text);
  AppendMessage(*name.method->output_type(), seen, text);
  return text;
}

}  // namespace

int CallListCommand() {
  std::string text;
  for (const KnownService& service : KnownServices()) {
    absl::StrAppend(&text, service.name, "\n");
    for (int i = 0; i < service.shape->method_count(); ++i) {
      absl::StrAppend(&text, "  ", Signature(*service.shape->method(i)), "\n");
    }
  }
  absl::StrAppend(&text, "\nMessages that google.protobuf.Any can hold, by \"@type\":\n");
  for (const Descriptor* message : KnownMessages()) {
    absl::StrAppend(&text, "  ", message->full_name(), "\n");
  }
  absl::StrAppend(&text, "JSON documents, by \"@type\" and \"value\":\n");
  for (const char* type : {"Process", "LinuxResources", "Spec"}) {
    absl::StrAppend(&text, "  ", JsonTypeUrl(type), "  (short: ", type, ")\n");
  }
  return Print(text, kExitAsExpected);
}

int CallDescribeCommand(const std::string& name) {
  if (const absl::StatusOr<MethodName> method = FindMethod(name); method.ok()) {
    return Print(DescribeMethod(*method), kExitAsExpected);
  }
  const absl::StatusOr<const Descriptor*> message = FindMessage(name);
  if (message.ok()) {
    std::string text;
    std::set<const Descriptor*> seen;
    AppendMessage(**message, seen, text);
    return Print(text.substr(1), kExitAsExpected);
  }
  if (message.status().code() == absl::StatusCode::kInvalidArgument) {
    return Complain(message.status());
  }
  return Complain(absl::InvalidArgumentError(absl::StrCat(
      "no method and no message is called '", name, "'; `shimgauge call list` names them all")));
}

}  // namespace conformance
