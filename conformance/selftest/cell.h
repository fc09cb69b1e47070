// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "conformance/harness/accounting.h"

namespace conformance {

// What one check made of one fault.
enum class CellKind {
  kIntended,    // red in every execution, for the reason that the fault's row gives
  kOtherwise,   // red in every execution, for another reason, or no row asked for it
  kSurvived,    // green
  kUnstable,    // red in some executions, or for the right reason in some
  kNotReached,  // not judged: skipped, in error, not run
};
inline constexpr std::array<CellKind, 5> kCellKinds = {CellKind::kIntended, CellKind::kOtherwise,
                                                       CellKind::kSurvived, CellKind::kUnstable,
                                                       CellKind::kNotReached};
absl::string_view CellKindName(CellKind kind);  // "intended", "otherwise", ... as in the file
std::optional<CellKind> ParseCellKind(absl::string_view name);

struct Cell {
  std::string check;
  std::string expected;  // the why code of the row; empty: the row does not name the check
  CellKind kind = CellKind::kNotReached;
  std::string verdict;  // "fail"; of the execution that decides
  std::string why;      // its first code; empty for a pass
  std::string detail;   // for cells that are not as they should be: one sentence
  std::size_t executions = 0;
  std::size_t kills = 0;  // executions that were red, for the expected reason if there is one
  std::int64_t ms = 0;    // the longest execution
  friend bool operator==(const Cell&, const Cell&) = default;
};

// Sorts the result of `check` (nullptr: the run has none). `expected` may be empty.
Cell MakeCell(const std::string& check, absl::string_view expected, const CheckResult* result);

}  // namespace conformance
