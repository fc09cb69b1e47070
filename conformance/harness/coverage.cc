// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/coverage.h"

#include <absl/strings/str_cat.h>

#include "conformance/harness/requirement.h"

namespace conformance {

Coverage::Coverage(const std::vector<Check>& checks) : checks_(checks) {
  for (const Check& check : checks) {
    for (const std::string& requirement : check.requirements) {
      std::vector<const Check*>& judges = by_requirement_[requirement];
      if (judges.empty() || judges.back() != &check) judges.push_back(&check);
    }
  }
}

const std::vector<const Check*>& Coverage::Of(absl::string_view requirement) const& {
  static const std::vector<const Check*> none;
  const auto found = by_requirement_.find(std::string(requirement));
  return found == by_requirement_.end() ? none : found->second;
}

std::vector<std::string> Coverage::Violations() const {
  std::vector<std::string> violations;
  for (const Requirement& row : Requirements()) {
    const std::vector<const Check*>& judges = Of(row.id);
    if (judges.empty() && row.unchecked.empty()) {
      violations.push_back(
          absl::StrCat(row.id, " has neither a check nor a reason: ", row.wording));
    }
    if (!judges.empty() && !row.unchecked.empty()) {
      violations.push_back(absl::StrCat(row.id, " says why it has no check, but ",
                                        judges.front()->id, " cites it: remove the reason"));
    }
  }
  for (const Check& check : checks_) {
    if (check.requirements.empty()) violations.push_back(check.id + " cites no requirement");
    for (const std::string& requirement : check.requirements) {
      if (LookupRequirement(requirement) == nullptr) {
        violations.push_back(
            absl::StrCat(check.id, " cites ", requirement, ", which is not in the catalogue"));
      }
    }
  }
  return violations;
}

}  // namespace conformance
