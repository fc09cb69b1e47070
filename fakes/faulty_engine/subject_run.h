// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <vector>

namespace fakes {

// Becomes `program`. Returns only with why not.
absl::Status BecomeSubject(const std::string& program, const std::vector<std::string>& words);

// Which of 0, 1, 2 the subject gets in the place of each, and what it is not given at all.
struct SubjectStreams {
  int source[3] = {0, 1, 2};
  bool capture = false;  // standard output goes to `output`
};

struct SubjectEnd {
  int code = 0;  // that of a signal is 128 + its number
  std::string output;
};

// Runs `program` with every descriptor of this process that is not closed on exec, as the engine
// that this process is taken for: it dies with it, and is not a group of its own.
absl::StatusOr<SubjectEnd> RunSubject(const std::string& program,
                                      const std::vector<std::string>& words,
                                      const SubjectStreams& streams);

}  // namespace fakes
