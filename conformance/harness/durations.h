// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <chrono>
#include <optional>

namespace conformance {

// "1500ms", "2s", "0.5s": what profiles and options mean by a duration. nullopt for anything else,
// for less than a millisecond and for more than an hour.
std::optional<std::chrono::milliseconds> ParseDuration(absl::string_view text);

}  // namespace conformance
