// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

namespace fakes {

// Runs `body` as the first process of fresh pid, mount and IPC namespaces, with a /proc and a /run
// of their own: whatever it leaves running ends with it, also when this process is killed. Returns
// its exit code, 128 + n if it ended of signal n. PERMISSION_DENIED without root.
absl::StatusOr<int> RunInPrivateWorld(absl::FunctionRef<int()> body);

}  // namespace fakes
