// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <string>
#include <vector>

#include "conformance/selftest/legal_variants.h"
#include "conformance/selftest/proof.h"

namespace conformance {

// Which variants are to be tried, and how often.
struct LegalPlan {
  std::vector<const LegalVariant*> variants;
  std::string shim;                 // the healthy subject, absolute
  std::vector<std::string> checks;  // ids or selectors; empty: all
  int jobs = 0;  // checks at a time, unless a variant says; 0: the judge's choice
  int repeat = 1;
  double deadline_scale = 1.0;
  std::string keep;     // directory of results that are gone on from; empty: none
  std::string reports;  // directory for the judge's reports of what is red; empty: none
};

// Told while it goes on. `record` is finished; `again`: nothing had to be run for it.
struct LegalListener {
  std::function<void(const LegalVariant& variant)> started;
  std::function<void(const LegalRecord& record, bool again)> ended;
};

// Runs the judge on each variant, and fills Proof::legal in the order of the plan. Variants that
// mostly wait (LegalVariant::idle) take turns among themselves, beside the others. CANCELLED when
// interrupted, with the repeats that were finished until then; FAILED_PRECONDITION when a program
// is not built.
absl::Status RunLegal(const LegalPlan& plan, const LegalListener& listener, Proof& proof);

}  // namespace conformance
