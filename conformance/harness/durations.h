// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <chrono>
#include <optional>

namespace conformance {

// "1500ms", "2s", "0.5s": what profiles and options mean by a duration. nullopt for anything else,
// for less than a millisecond and for more than an hour.
std::optional<std::chrono::milliseconds> ParseDuration(absl::string_view text);

// "90s", "10m", "8h", "1h30m", from a second to a week: how long something may go on that takes
// hours. nullopt for anything else.
std::optional<std::chrono::milliseconds> ParseLongDuration(absl::string_view text);

}  // namespace conformance
