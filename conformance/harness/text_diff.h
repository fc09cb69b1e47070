// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>

namespace conformance {

// The unified diff from `before` to `after`, with three lines of context, that `patch -p0` takes
// for `name`; "" when they are equal. Meant for files people edit: time and space are quadratic in
// the lines between the first and the last change.
std::string UnifiedDiff(absl::string_view before, absl::string_view after, absl::string_view name);

}  // namespace conformance
