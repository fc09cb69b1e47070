// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

#include "conformance/harness/check.h"
#include "conformance/harness/observed_results.h"

namespace conformance {

// An expectation file as it should read after a run. Comments, order and the entries that nothing
// speaks against stay as they are.
struct ExpectationEdit {
  std::string text;
  std::vector<std::string> notes;  // what was left alone and why, one sentence each
};

// What new entries say about themselves.
struct NewEntryFields {
  std::string issue;  // empty: a reference made of the requirement and what was observed
  std::string owner;
};

// Adds an entry for every check that was red and is not in the file, and corrects result and why of
// the exact entries that say otherwise. Entries with a `when` that does not hold for the run count
// as absent; entries that are globs, and checks this build does not have, are only noted, and so
// are checks with an entry whose `when` asks for a fact the run does not tell: should it hold, an
// entry beside it would be one too many.
absl::StatusOr<ExpectationEdit> UpdateExpectations(absl::string_view text, const std::string& file,
                                                   const ObservedRun& run,
                                                   const std::vector<Check>& checks,
                                                   const NewEntryFields& fields);

// Removes the entries that are of no use any more: for checks that do not exist, that passed in
// every attempt, or expired at `today`. An entry whose check the run did not judge stays, and one
// of which nobody can say whether it was in force.
absl::StatusOr<ExpectationEdit> PruneExpectations(absl::string_view text, const std::string& file,
                                                  const ObservedRun& run,
                                                  const std::vector<Check>& checks,
                                                  absl::string_view today);

}  // namespace conformance
