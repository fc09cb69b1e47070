// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "conformance/selftest/jobs.h"
#include "conformance/selftest/judge_run.h"

namespace conformance {

// Runs the judge once, nothing beside it. As RunJobs.
absl::StatusOr<JobEnd> RunJudge(const Job& job, std::vector<std::string>* orphans = nullptr);

// Those of `names` that a word (a name or a glob) matches, all without any, without those that a
// word with a leading '!' matches. NOT_FOUND with the nearest for a word that matches none.
absl::StatusOr<std::vector<bool>> SelectNames(const std::vector<std::string>& names,
                                              const std::vector<std::string>& words);

}  // namespace conformance
