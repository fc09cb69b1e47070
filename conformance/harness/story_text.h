// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <string>

#include "conformance/harness/history_story.h"

namespace conformance {

// A story as JSON (schema 1), for recordings that are judged again later. A story of more than
// kStoryFactsMax calls and events is not written: "".
std::string StoryText(const Story& story);
// INVALID_ARGUMENT names the first field that is missing or of another type.
absl::StatusOr<Story> ParseStory(absl::string_view text);

inline constexpr std::size_t kStoryFactsMax = 20'000;

}  // namespace conformance
