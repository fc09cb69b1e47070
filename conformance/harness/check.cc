// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/check.h"

#include <absl/strings/str_cat.h>

namespace conformance {

const char* DialectName(Dialect dialect) {
  return dialect == Dialect::kLegacy ? "legacy" : "params";
}

void AddInEachDialect(const std::vector<Check>& rows, std::vector<Check>& checks) {
  for (const Check& row : rows) {
    checks.push_back(row);
    Check& older = checks.emplace_back(row);
    older.dialect = Dialect::kLegacy;
    absl::StrAppend(&older.id, "-in-the-", DialectName(Dialect::kLegacy), "-dialect");
  }
}

void AddOverEachTaskVersion(const std::vector<Check>& rows, std::vector<Check>& checks) {
  for (const Check& row : rows) {
    checks.push_back(row);
    Check& other = checks.emplace_back(row);
    other.other_task_version = true;
    absl::StrAppend(&other.id, "-over-the-other-task-version");
  }
}

}  // namespace conformance
