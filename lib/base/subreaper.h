// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

namespace base {

// Makes this process the adopter of its descendants' orphans (PR_SET_CHILD_SUBREAPER, REAP-01).
absl::Status BecomeSubreaper();

}  // namespace base
