// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

#include "conformance/harness/check.h"

namespace conformance {

// What `shimgauge explain WORD` prints: of a requirement its text, level, source, the releases it
// holds for, its checks or why it has none; of a check what it judges and needs. Both with a hint
// where there is one, and with the known shims that fail. NOT_FOUND with the nearest names when
// WORD is neither. Requirement ids may be in lower case.
absl::StatusOr<std::string> Explain(absl::string_view word, const std::vector<Check>& checks);

// Prints it. An unknown word is a usage error (exit code 2).
int ExplainCommand(const std::string& word, const std::vector<Check>& checks);

}  // namespace conformance
