// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <deque>
#include <string>
#include <vector>

#include "conformance/harness/check.h"
#include "fakes/fault/known_fault.h"

namespace conformance {

// A known fault and the seam it is injected at. `fault` is borrowed from the table.
struct FaultRow {
  fakes::KnownFaultSeam seam = fakes::KnownFaultSeam::kWire;
  const fakes::KnownFault* fault = nullptr;
};

// All of them, seam by seam.
std::vector<FaultRow> AllFaultRows();

// The rows that any of `words` names, all without any: a name or glob of names, "seam:wire",
// "check:GLOB" (it kills such a check), "tag:race" (it kills a check so tagged); those that a word
// with a leading '!' names are left out. INVALID_ARGUMENT for words that mean nothing, NOT_FOUND
// with the nearest names for one that matches no row.
absl::StatusOr<std::vector<FaultRow>> SelectFaults(const std::vector<FaultRow>& rows,
                                                   const std::vector<std::string>& words,
                                                   const std::vector<Check>& checks);

// The rows with those of their checks alone that are in `ids`; rows that have none of them are left
// out. The faults of what is returned are appended to `limited`, which must outlive it.
std::vector<FaultRow> LimitChecks(const std::vector<FaultRow>& rows,
                                  const std::vector<std::string>& ids,
                                  std::deque<fakes::KnownFault>& limited);

// What is wrong with the table itself, one sentence each: names that occur twice or are ill-formed,
// kills of checks that do not exist, words that are no why code, rows without any kill or with
// kills although `equivalent`, rows without rules.
std::vector<std::string> FaultRowViolations(const std::vector<FaultRow>& rows,
                                            const std::vector<Check>& checks);

// Whether a check is the same scenario as another one, in the other dialect or version.
bool IsDouble(const Check& check);

}  // namespace conformance
