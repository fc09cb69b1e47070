// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include "container/namespaces.h"

namespace fakes {

// container::ForkInto for a plan that joins a pid namespace and makes a new one below it, which the
// kernel allows only to processes that already live there: one is made for the purpose, and its
// child is ours. The pid is the one we know it by.
absl::StatusOr<pid_t> ForkNested(container::NamespacePlan plan, absl::FunctionRef<void()> body);

}  // namespace fakes
