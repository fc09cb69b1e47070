// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

namespace fakes {

// Whole contents. NOT_FOUND without the file, also when a directory on the way is missing;
// RESOURCE_EXHAUSTED beyond kFaultFileBytesMax. Errors name the path.
absl::StatusOr<std::string> ReadTextFile(const std::string& path);

// Creates or replaces a file (0644) in one step.
absl::Status ReplaceTextFile(const std::string& path, absl::string_view text);

}  // namespace fakes
