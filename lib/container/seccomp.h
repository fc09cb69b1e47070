// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

namespace container {

// Installs the filter that linux.seccomp describes for this process and its descendants.
// `json` empty: none. System calls that this machine does not have are passed over. Errors name
// the member. Needs CAP_SYS_ADMIN or no_new_privs.
absl::Status LoadSeccomp(absl::string_view json);

}  // namespace container
