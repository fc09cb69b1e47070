// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <memory>
#include <string>
#include <vector>

namespace google::protobuf {
class Descriptor;
class Message;
class MethodDescriptor;
class ServiceDescriptor;
}  // namespace google::protobuf

namespace conformance {

// A service by the name it is served under. Task v2 and v3 share the messages of v3.
struct KnownService {
  std::string name;  // "containerd.task.v3.Task"
  const google::protobuf::ServiceDescriptor* shape = nullptr;
};
const std::vector<KnownService>& KnownServices();

// Every message the tool can read and write, by full name.
const std::vector<const google::protobuf::Descriptor*>& KnownMessages();

// A method as words name it: "containerd.task.v3.Task/State", "Task/State" or "State"; service
// names may be shortened from the left at their dots ("v2.Task/State").
struct MethodName {
  std::vector<KnownService> services;  // that have it, the newest first; never empty
  const google::protobuf::MethodDescriptor* method = nullptr;
};
// NOT_FOUND names the nearest ones.
absl::StatusOr<MethodName> FindMethod(absl::string_view words);

// A message by its full name, or by the end of it from a dot on when that is unique; what stands
// before a slash (a type URL's host) is ignored. NOT_FOUND, or INVALID_ARGUMENT when it is
// ambiguous.
absl::StatusOr<const google::protobuf::Descriptor*> FindMessage(absl::string_view name);

// An empty message of that type, which is one of this program's own.
std::unique_ptr<google::protobuf::Message> NewMessage(const google::protobuf::Descriptor& type);

// Type URLs of the contract whose value is a JSON document: those of the OCI runtime specification.
// The full URL of "Process", "LinuxResources", ...; "" for another name.
std::string JsonTypeUrl(absl::string_view name);
bool IsJsonTypeUrl(absl::string_view type_url);

}  // namespace conformance
