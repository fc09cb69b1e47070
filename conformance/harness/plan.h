// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conformance/harness/accounting.h"
#include "conformance/harness/check.h"
#include "conformance/harness/expectations.h"
#include "conformance/harness/profile.h"
#include "conformance/harness/run_info.h"
#include "conformance/harness/selection.h"

namespace conformance {

// What decides whether a selected check is run.
struct PlanRules {
  Profile profile;
  Level level = Level::kMay;                   // the weakest level that is judged
  HostInfo host;                               // what it offers to checks
  const Expectations* expectations = nullptr;  // bound; borrowed by the plan
  std::string today;
};

// The plan's row of one check: to be run, or skipped with the reason.
PlannedCheck PlanCheck(const Check& check, const PlanRules& rules);

// The selected checks in the order of `checks`, which the plan borrows.
std::vector<PlannedCheck> MakePlan(const std::vector<Check>& checks,
                                   const std::vector<Selector>& selectors, const PlanRules& rules);

// One execution to be done.
struct Execution {
  std::size_t index = 0;  // in the plan
  int number = 1;         // of this check's executions, from 1
  std::uint64_t seed = 0;
};

// The executions of all checks to be run, in rounds: every check once, then again. Within a round
// the slow ones come first, so that none is left for the end; with `shuffle` the order is random.
// The first execution of a check gets `seed` itself, later ones seeds derived from it.
// Within a round the checks in `first` come before all others, shuffled or not.
std::vector<Execution> MakeSchedule(const std::vector<PlannedCheck>& plan, int repeat,
                                    std::optional<std::uint64_t> shuffle, std::uint64_t seed,
                                    const std::set<std::string>& first = {});

// The seed of the `number`th execution of a check in a run with `seed`.
std::uint64_t SeedOf(std::uint64_t seed, int number);

}  // namespace conformance
