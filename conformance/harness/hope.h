// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "conformance/harness/accounting.h"

namespace conformance {

// Tells a program that is no shim by the first checks of a long run: when eight of them are red and
// none has passed, what never comes need not be waited for in each of the hundreds that follow.
//
// A check counts once, by its first execution, and only if one would expect it to pass: an entry
// that says it is red, or an earlier run in which it was, says nothing about the others. Nor does
// an error, which is the harness's.
class Hope {
 public:
  // `planned` is how many checks the run has. `failed_before` are the ids of those that come first
  // because they were red earlier.
  Hope(std::size_t planned, std::set<std::string> failed_before);

  // Notes how execution `number` (from 1) of a check ended. True if that takes the last hope, once
  // at most.
  bool LostWith(const PlannedCheck& planned, int number, Verdict verdict);

 private:
  [[nodiscard]] bool SpeaksAgainst(const PlannedCheck& planned, int number, Verdict verdict) const;

  bool long_run_;
  std::set<std::string> failed_before_;
  bool passed_ = false;
  std::size_t red_ = 0;
};

}  // namespace conformance
