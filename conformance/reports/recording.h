// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/reports/report.h"

namespace conformance {

// Which executions keep their evidence on disk.
enum class Keep { kNone, kFailed, kAll };
std::optional<Keep> ParseKeep(absl::string_view name);  // "none", "failed", "all"

// Writes <directory>/run.json (what the run was) and profile.toml (a copy of its profile, if it had
// a file), and, for each execution to keep, <directory>/<area>/<check>.<number>/ with evidence.txt
// (the whole time line), shim.log, check.json and, if the worker told it, story.json. Makes the
// directory; INVALID_ARGUMENT if it cannot.
absl::StatusOr<std::unique_ptr<Report>> MakeRecording(const std::string& directory, Keep keep);

// Where the recording of an execution is: "out/events/exit-after-start.1".
std::string RecordedPath(absl::string_view directory, absl::string_view check_id, int number);

// A recorded execution, found again.
struct RecordedExecution {
  std::string directory;           // of the execution
  std::string check;               // id
  std::string seed;                // in hexadecimal
  std::vector<std::string> again;  // `run` with its arguments, without seed and selectors
  std::string profile;             // the copy of the profile; empty: the built-in one
};

// Finds DIR/area/check (its first recorded execution) or DIR/area/check.NUMBER. INVALID_ARGUMENT
// says what is missing, and what there is instead.
absl::StatusOr<RecordedExecution> FindRecordedExecution(const std::string& path);

// What replaying needs of a recorded execution.
struct RecordedStory {
  std::string story;          // see harness/story_text.h; "": it has none
  std::vector<Why> findings;  // of the rules of the time
};
absl::StatusOr<RecordedStory> ReadRecordedStory(const std::string& execution);

// The directories of all executions recorded in `directory`, sorted. INVALID_ARGUMENT when it is
// none that --record made.
absl::StatusOr<std::vector<std::string>> RecordedExecutions(const std::string& directory);

}  // namespace conformance
