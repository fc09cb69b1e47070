// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/task_methods.h"

#include <google/protobuf/descriptor.h>

#include <map>

#include "runtime/sandbox/v1/sandbox.pb.h"
#include "task/v3/task.pb.h"

namespace fakes {
namespace {

// No name is in both services.
std::map<std::string, TaskMethod> AllMethods() {
  std::map<std::string, TaskMethod> methods;
  for (const auto* service :
       {containerd::task::v3::StateRequest::descriptor()->file()->service(0),
        containerd::runtime::sandbox::v1::PingRequest::descriptor()->file()->service(0)}) {
    for (int i = 0; i < service->method_count(); ++i) {
      const auto* method = service->method(i);
      methods[method->name()] = {.request = method->input_type()->full_name(),
                                 .reply = method->output_type()->full_name()};
    }
  }
  return methods;
}

}  // namespace

const TaskMethod* FindTaskMethod(absl::string_view service, absl::string_view method) {
  static const std::map<std::string, TaskMethod> methods = AllMethods();
  if (!service.empty() && service != "containerd.task.v2.Task" &&
      service != "containerd.task.v3.Task" && service != "containerd.runtime.sandbox.v1.Sandbox") {
    return nullptr;
  }
  const auto found = methods.find(std::string(method));
  return found == methods.end() ? nullptr : &found->second;
}

}  // namespace fakes
