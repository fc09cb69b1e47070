// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <memory>
#include <optional>
#include <string>

#include "conformance/reports/report.h"

namespace conformance {

// Which executions keep their evidence on disk.
enum class Keep { kNone, kFailed, kAll };
std::optional<Keep> ParseKeep(absl::string_view name);  // "none", "failed", "all"

// Writes, for each execution to keep, <directory>/<area>/<check>.<number>/ with evidence.txt (the
// whole time line), shim.log and check.json. Makes the directory; INVALID_ARGUMENT if it cannot.
absl::StatusOr<std::unique_ptr<Report>> MakeRecording(const std::string& directory, Keep keep);

}  // namespace conformance
