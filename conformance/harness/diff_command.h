// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/reports/result_file.h"

namespace conformance {

// One check of two results.
struct Difference {
  // kWorse: it passed or was not judged and is red now, or passed and is not judged now; sometimes
  // green counts for more than never. kChanged: as good or bad as before, but another verdict or
  // another reason.
  enum class Kind { kWorse, kBetter, kChanged, kNew, kRemoved };
  Kind kind = Kind::kChanged;
  const CheckResult* before = nullptr;  // nullptr: kNew
  const CheckResult* after = nullptr;   // nullptr: kRemoved
};

// What differs, the worse first, then in the order of the results. What counts is how a check
// ended, not whether that was expected. Points into the files.
std::vector<Difference> Compare(const ResultFile& before, const ResultFile& after);

// The report of `shimgauge diff`: what the two runs do not have in common, then every difference
// with the evidence of both sides next to each other.
std::string DiffText(const ResultFile& before, const ResultFile& after);

}  // namespace conformance
