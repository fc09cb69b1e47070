// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

#include "conformance/manual/command_model.h"

namespace conformance {

// A script that makes a shell complete commands, options and the values of options. `shell` is
// bash, zsh or fish; INVALID_ARGUMENT for another. Ids of checks are asked from `shimgauge list`
// when they are needed, everything else is in the script.
absl::StatusOr<std::string> CompletionScript(const CommandModel& program, absl::string_view shell);

// The values of an option by the word that stands for its value ("LEVEL"): fixed words, separated
// by spaces; "" when there is no list of them.
std::string ValueWords(absl::string_view value);

}  // namespace conformance
