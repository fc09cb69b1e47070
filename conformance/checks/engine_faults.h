// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "conformance/harness/check_context.h"
#include "fakes/fault/fault_file.h"

namespace conformance {

// Faults of the stand-in engine in the world of one check, for checks that need kFakeEngine. What
// goes wrong with them is the harness's trouble.
class EngineFaults {
 public:
  explicit EngineFaults(CheckContext& check);

  // Adds a rule, whose calls count from now. Returns its id.
  std::string Add(fakes::FaultRule rule);
  // The times a rule has fired so far.
  [[nodiscard]] std::vector<fakes::FaultFiring> Firings(const std::string& rule) const;

 private:
  CheckContext& check_;
  fakes::FaultFile file_;
};

}  // namespace conformance
