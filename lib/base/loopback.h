// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

namespace base {

// Brings up `lo` in the network namespace of the caller: a new one has it down. Needs
// CAP_NET_ADMIN there.
absl::Status RaiseLoopback();

}  // namespace base
