// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

namespace benchmarks {

// Gives this process mounts of its own, with a tmpfs on /run: what shims mount, bind and leave goes
// with it. PERMISSION_DENIED without root.
absl::Status EnterPrivateRun();

}  // namespace benchmarks
