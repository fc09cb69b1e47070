// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/cell.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "conformance/harness/names.h"
#include "conformance/harness/run_info.h"

namespace conformance {
namespace {

constexpr std::array<absl::string_view, 5> kNames = {"intended", "otherwise", "survived",
                                                     "unstable", "not-reached"};

bool IsRed(Verdict verdict) {
  return verdict == Verdict::kFail || verdict == Verdict::kCrash || verdict == Verdict::kHang ||
         verdict == Verdict::kLeak;
}

// What a check at MAY has missed, which is a skip and not the shim's fault; that it was missed is
// all the same what a fault is made for. nullptr: no such.
const Why* NotShown(const CheckResult& result, const Attempt& attempt) {
  const auto is_skip = [](const Attempt& one) {
    return one.verdict == Verdict::kSkip && !one.whys.empty() &&
           one.whys.front().code == why::kNotClaimed;
  };
  if (!is_skip(attempt)) return nullptr;
  if (attempt.whys.size() > 1) return &attempt.whys[1];
  // Of several executions a report tells only one in full.
  for (const Attempt& other : result.attempts) {
    if (is_skip(other) && other.whys.size() > 1) return &other.whys[1];
  }
  return nullptr;
}

bool IsRed(const CheckResult& result, const Attempt& attempt) {
  return IsRed(attempt.verdict) || NotShown(result, attempt) != nullptr;
}

std::string CodeOf(const CheckResult& result, const Attempt& attempt) {
  if (const Why* missed = NotShown(result, attempt)) return missed->code;
  return attempt.whys.empty() ? "" : attempt.whys.front().code;
}

std::string NotReachedDetail(const CheckResult& result) {
  if (result.result == Result::kSkip) return absl::StrCat("skipped: ", result.skip_reason());
  const Attempt* attempt = result.evidence();
  if (attempt == nullptr || attempt->whys.empty()) return "not run";
  return absl::StrCat(attempt->whys.front().code, ": ", attempt->whys.front().text);
}

// Red, but not as the row says.
std::string OtherwiseDetail(const Cell& cell) {
  if (cell.expected.empty()) return "";
  const bool timeout =
      cell.why == why::kReplyMissing || cell.verdict == VerdictName(Verdict::kHang);
  return absl::StrCat(timeout ? "only a deadline told: " : "", cell.verdict, " ", cell.why,
                      ", expected ", cell.expected);
}

}  // namespace

absl::string_view CellKindName(CellKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::optional<CellKind> ParseCellKind(absl::string_view name) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<CellKind>(found - kNames.begin());
}

Cell MakeCell(const std::string& check, absl::string_view expected, const CheckResult* result) {
  Cell cell;
  cell.check = check;
  cell.expected = std::string(expected);
  if (result == nullptr) {
    cell.detail = "the run does not have it";
    return cell;
  }
  std::size_t red = 0;
  const Attempt* shown = nullptr;  // prefers what is not as intended
  for (const Attempt& attempt : result->attempts) {
    const bool is_red = IsRed(*result, attempt);
    if (!is_red && attempt.verdict != Verdict::kPass) {
      cell.detail = NotReachedDetail(*result);
      return cell;
    }
    ++cell.executions;
    cell.ms = std::max(cell.ms, Milliseconds(attempt.took));
    const bool right = is_red && (expected.empty() || CodeOf(*result, attempt) == expected);
    if (is_red) ++red;
    if (right) ++cell.kills;
    if (shown == nullptr || !right) shown = &attempt;
  }
  if (shown == nullptr) {
    cell.detail = NotReachedDetail(*result);
    return cell;
  }
  cell.verdict = std::string(VerdictName(shown->verdict));
  cell.why = CodeOf(*result, *shown);
  if (cell.kills == cell.executions) {
    cell.kind = expected.empty() ? CellKind::kOtherwise : CellKind::kIntended;
  } else if (cell.kills == 0 && red == cell.executions) {
    cell.kind = CellKind::kOtherwise;
    cell.detail = OtherwiseDetail(cell);
  } else if (red == 0) {
    cell.kind = CellKind::kSurvived;
    cell.detail = "green";
  } else {
    cell.kind = CellKind::kUnstable;
    cell.detail = absl::StrCat(cell.kills, " of ", cell.executions, " executions killed it");
  }
  return cell;
}

}  // namespace conformance
