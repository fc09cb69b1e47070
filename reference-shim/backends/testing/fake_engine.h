// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>
#include <vector>

namespace backends::testing {

// An engine made of shell: notes each command line, then does what the test says.
class FakeEngine {
 public:
  // Writes the script DIRECTORY/NAME. `cases` is the body of a shell `case "$verb" in`, for
  // instance `create) printf %s 1 > "$pid_file";;`; verbs without a case succeed silently. Set are
  // $verb, $id (the last word), $log, $pid_file and $process.
  FakeEngine(const std::string& directory, absl::string_view name, absl::string_view cases);

  [[nodiscard]] const std::string& path() const { return path_; }
  // The words after the global flags, one line per command so far.
  [[nodiscard]] std::vector<std::string> Calls() const;

 private:
  std::string path_;
  std::string calls_;
};

}  // namespace backends::testing
