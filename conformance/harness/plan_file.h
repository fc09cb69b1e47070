// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <set>
#include <string>
#include <vector>

#include "conformance/harness/check.h"

namespace conformance {

// The checks that `--plan FILE` names, one id a line; empty lines and what follows a `#` do not
// count. "-" is standard input. INVALID_ARGUMENT names file, line and what is wrong with it: no
// such check (with the nearest ids), the same check again, no check at all.
absl::StatusOr<std::set<std::string>> ReadPlanFile(const std::string& path,
                                                   const std::vector<Check>& checks);
absl::StatusOr<std::set<std::string>> ParsePlan(absl::string_view text, const std::string& name,
                                                const std::vector<Check>& checks);

// The checks that have to be run again after the run in the result file `path`: those it does not
// have, those that level, requirements or tags tell apart, and those that were unexpected, flaky,
// in error or not run.
absl::StatusOr<std::set<std::string>> ChangedSince(const std::string& path,
                                                   const std::vector<Check>& checks);

// The checks that were red, expected or not, or could not be judged in the result file `path`.
absl::StatusOr<std::set<std::string>> FailedIn(const std::string& path);

}  // namespace conformance
