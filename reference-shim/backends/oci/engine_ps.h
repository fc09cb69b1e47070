// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <sys/types.h>

#include <vector>

namespace backends {

// What `ps --format json` prints: `[1,2]`, or `null` for none. UNKNOWN for anything else.
absl::StatusOr<std::vector<pid_t>> ParseEnginePs(absl::string_view output);

}  // namespace backends
