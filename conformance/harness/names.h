// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <optional>
#include <string>

#include "conformance/harness/check.h"
#include "conformance/harness/verdict.h"

// The words of reports, selectors and files people edit, and the way back.

namespace conformance {

// "must", "should", "may".
absl::string_view LevelName(Level level);
std::optional<Level> ParseLevel(absl::string_view name);

// Inverse of VerdictName().
std::optional<Verdict> ParseVerdict(absl::string_view name);
bool IsWhyCode(absl::string_view code);

// "events" of "events/exit-after-start".
std::string AreaOf(absl::string_view check_id);

// Shell-like match of a whole text: `*` any run of characters (slashes too), `?` any one.
bool GlobMatches(absl::string_view glob, absl::string_view text);

}  // namespace conformance
