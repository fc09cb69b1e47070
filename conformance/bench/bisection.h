// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <string>
#include <vector>

#include "conformance/bench/git_repository.h"

namespace conformance {

// What is found out of one commit. kSkip: nothing can be said of it.
enum class Trial { kGood, kBad, kSkip };

struct BisectionEnd {
  // The first bad commit; or, where commits beside it were skipped, all that may be it.
  std::vector<std::string> suspects;
  int trials = 0;
};

// Finds the first bad commit between `good` and its descendant `bad` (full ids) with the help of
// `git bisect` in `worktree`, where each commit to be judged is checked out for `judge`. Errors are
// those of git and of `judge`.
absl::StatusOr<BisectionEnd> Bisect(
    const GitWorktree& worktree, const std::string& good, const std::string& bad,
    const std::function<absl::StatusOr<Trial>(const std::string& commit)>& judge);

}  // namespace conformance
