// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <map>
#include <string>
#include <vector>

#include "conformance/harness/check.h"

namespace conformance {

// Which checks judge which requirement. Borrows the checks.
class Coverage {
 public:
  explicit Coverage(const std::vector<Check>& checks);

  // In the order of the checks; empty for a requirement that none cites.
  [[nodiscard]] const std::vector<const Check*>& Of(absl::string_view requirement) const&;
  const std::vector<const Check*>& Of(absl::string_view requirement) const&& = delete;

  // What breaks the law of the catalogue, one sentence each: a requirement with neither a check nor
  // a reason, a reason beside a check, a check that cites no row.
  [[nodiscard]] std::vector<std::string> Violations() const;

 private:
  const std::vector<Check>& checks_;
  std::map<std::string, std::vector<const Check*>> by_requirement_;
};

}  // namespace conformance
