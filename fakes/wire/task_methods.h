// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>

namespace fakes {

// The messages of one method of the Task or the Sandbox service, by full name; those of version 3
// serve both of Task.
struct TaskMethod {
  std::string request;
  std::string reply;
};

// nullptr for another service, and for a method it does not have. An empty service is any of them.
const TaskMethod* FindTaskMethod(absl::string_view service, absl::string_view method);

}  // namespace fakes
