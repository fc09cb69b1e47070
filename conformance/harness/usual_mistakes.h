// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

namespace conformance {

// What has usually gone wrong in a shim that breaks this requirement, in one sentence for its
// author; empty where experience has nothing to say.
absl::string_view UsualMistake(absl::string_view requirement);

}  // namespace conformance
