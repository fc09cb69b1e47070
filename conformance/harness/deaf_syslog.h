// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "base/unique_fd.h"

namespace conformance {

// A syslog daemon that nobody reads: a datagram socket at `path` whose kernel-side filter takes
// every message and keeps none, so that no sender ever waits. There as long as the result is open.
// Shims that log to the system refuse to work without one.
absl::StatusOr<base::UniqueFd> ListenAsSyslog(const std::string& path);

}  // namespace conformance
