// SPDX-License-Identifier: Apache-2.0
#include "conformance/call/message_types.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/string_view.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <array>
#include <functional>

#include "bootstrap/v1/bootstrap.pb.h"
#include "events/task.pb.h"
#include "metrics/v1/metrics.pb.h"
#include "metrics/v2/metrics.pb.h"
#include "runc/options.pb.h"
#include "runtime/sandbox/v1/sandbox.pb.h"
#include "runtimeoptions/v1/options.pb.h"
#include "services/events/ttrpc.pb.h"
#include "task/v3/task.pb.h"
#include "types/mount.pb.h"
#include "types/runtime_info.pb.h"
#include "types/task.pb.h"

namespace conformance {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;

constexpr absl::string_view kJsonUrlPrefix = "types.containerd.io/opencontainers/runtime-spec/1/";
constexpr std::array<absl::string_view, 4> kJsonTypes = {"Process", "LinuxResources", "Spec",
                                                         "features/Features"};

// `short_name` is `name`, or the end of it from a dot on.
bool Shortens(absl::string_view short_name, absl::string_view name) {
  return name == short_name || absl::EndsWith(name, absl::StrCat(".", short_name));
}

void AddNested(const Descriptor& type, std::vector<const Descriptor*>& all) {
  if (type.map_key() != nullptr) return;  // the entry of a map field
  all.push_back(&type);
  for (int i = 0; i < type.nested_type_count(); ++i) AddNested(*type.nested_type(i), all);
}

std::vector<const Descriptor*> CollectMessages() {
  const std::vector<const FileDescriptor*> files = {
      containerd::task::v3::StateRequest::descriptor()->file(),
      containerd::events::TaskExit::descriptor()->file(),
      containerd::services::events::ttrpc::v1::Envelope::descriptor()->file(),
      containerd::runc::v1::Options::descriptor()->file(),
      runtimeoptions::v1::Options::descriptor()->file(),
      containerd::runtime::bootstrap::v1::BootstrapParams::descriptor()->file(),
      containerd::runtime::sandbox::v1::PingRequest::descriptor()->file(),
      containerd::types::Metric::descriptor()->file(),
      containerd::types::Mount::descriptor()->file(),
      containerd::types::Platform::descriptor()->file(),
      containerd::types::ProcessInfo::descriptor()->file(),
      containerd::types::RuntimeInfo::descriptor()->file(),
      io::containerd::cgroups::v1::Metrics::descriptor()->file(),
      io::containerd::cgroups::v2::Metrics::descriptor()->file(),
      google::protobuf::Any::descriptor()->file(),
      google::protobuf::Empty::descriptor()->file(),
      google::protobuf::Timestamp::descriptor()->file()};
  std::vector<const Descriptor*> all;
  for (const FileDescriptor* file : files) {
    for (int i = 0; i < file->message_type_count(); ++i) AddNested(*file->message_type(i), all);
  }
  return all;
}

// Methods whose name is the same but for capitals, or else all of them.
std::string NearMethods(absl::string_view method) {
  std::vector<std::string> near;
  std::vector<std::string> all;
  for (const KnownService& service : KnownServices()) {
    for (int i = 0; i < service.shape->method_count(); ++i) {
      const std::string& name = service.shape->method(i)->name();
      const std::string words = absl::StrCat(service.shape->name(), "/", name);
      if (std::find(all.begin(), all.end(), words) != all.end()) continue;
      all.push_back(words);
      if (absl::EqualsIgnoreCase(name, absl::string_view(method))) near.push_back(words);
    }
  }
  return absl::StrJoin(near.empty() ? all : near, ", ");
}

}  // namespace

const std::vector<KnownService>& KnownServices() {
  static const auto* const services = [] {
    const auto* task = containerd::task::v3::StateRequest::descriptor()->file()->service(0);
    const auto* sandbox =
        containerd::runtime::sandbox::v1::PingRequest::descriptor()->file()->service(0);
    const auto* events =
        containerd::services::events::ttrpc::v1::Envelope::descriptor()->file()->service(0);
    return new std::vector<KnownService>{{.name = task->full_name(), .shape = task},
                                         {.name = "containerd.task.v2.Task", .shape = task},
                                         {.name = sandbox->full_name(), .shape = sandbox},
                                         {.name = events->full_name(), .shape = events}};
  }();
  return *services;
}

const std::vector<const Descriptor*>& KnownMessages() {
  static const auto* const messages = new std::vector<const Descriptor*>(CollectMessages());
  return *messages;
}

absl::StatusOr<MethodName> FindMethod(absl::string_view words) {
  const std::size_t slash = words.rfind('/');
  const absl::string_view service_words =
      slash == absl::string_view::npos ? absl::string_view() : words.substr(0, slash);
  const absl::string_view method =
      slash == absl::string_view::npos ? words : words.substr(slash + 1);
  MethodName found;
  bool service_exists = service_words.empty();
  for (const KnownService& service : KnownServices()) {
    if (!service_words.empty() && !Shortens(service_words, service.name)) continue;
    service_exists = true;
    const MethodDescriptor* one = service.shape->FindMethodByName(std::string(method));
    if (one == nullptr) continue;
    found.method = one;
    found.services.push_back(service);
  }
  if (found.method != nullptr) return found;
  if (!service_exists) {
    return absl::NotFoundError(absl::StrCat(
        "no service '", service_words, "'; there are: ",
        absl::StrJoin(KnownServices(), ", ", [](std::string* out, const KnownService& service) {
          absl::StrAppend(out, service.name);
        })));
  }
  return absl::NotFoundError(
      absl::StrCat("no method '", words, "'; there are: ", NearMethods(method)));
}

absl::StatusOr<const Descriptor*> FindMessage(absl::string_view name) {
  const absl::string_view bare = name.substr(name.rfind('/') + 1);
  std::vector<const Descriptor*> found;
  for (const Descriptor* message : KnownMessages()) {
    if (message->full_name() == std::string(bare)) return message;
    if (!bare.empty() && Shortens(bare, message->full_name())) found.push_back(message);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) return absl::NotFoundError(absl::StrCat("no message '", name, "'"));
  return absl::InvalidArgumentError(
      absl::StrCat("'", name, "' is ambiguous: ",
                   absl::StrJoin(found, ", ", [](std::string* out, const Descriptor* message) {
                     absl::StrAppend(out, message->full_name());
                   })));
}

std::unique_ptr<google::protobuf::Message> NewMessage(const Descriptor& type) {
  using google::protobuf::MessageFactory;
  return std::unique_ptr<google::protobuf::Message>(
      MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

std::string JsonTypeUrl(absl::string_view name) {
  for (const absl::string_view type : kJsonTypes) {
    if (name == type || name == absl::StrCat(kJsonUrlPrefix, type)) {
      return absl::StrCat(kJsonUrlPrefix, type);
    }
  }
  return "";
}

bool IsJsonTypeUrl(absl::string_view type_url) {
  return absl::StartsWith(type_url, kJsonUrlPrefix);
}

}  // namespace conformance
