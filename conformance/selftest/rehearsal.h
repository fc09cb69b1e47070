// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <map>
#include <set>
#include <string>

#include "conformance/selftest/fault_rows.h"

namespace conformance {

// Where the faults of one seam have their occasion, as a rehearsal on the healthy subject shows.
// In the other checks such a fault is not reached: it does nothing that could be noticed.
class Rehearsal {
 public:
  // Of a journal (MakeRehearsal, judge_run.h), or of Format().
  static Rehearsal Parse(absl::string_view journal);

  // Whether `fault` may show in `check`. What happens outside of all checks may show in each.
  [[nodiscard]] bool Reaches(absl::string_view fault, const std::string& check) const;

  // One line for each fault and check, sorted.
  [[nodiscard]] std::string Format() const;

 private:
  std::map<std::string, std::set<std::string>, std::less<>> checks_of_;
};

}  // namespace conformance
