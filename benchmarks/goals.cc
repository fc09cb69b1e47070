// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/goals.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

namespace benchmarks {
namespace {

const char* VerdictName(GoalVerdict verdict) {
  switch (verdict) {
    case GoalVerdict::kMet:
      return "met";
    case GoalVerdict::kUndecided:
      return "undecided";
    case GoalVerdict::kMissed:
      return "missed";
  }
  return "";
}

// Three significant digits, without an exponent for what is measured here.
std::string Number(double value) {
  return absl::StrFormat("%.*f", value < 10 ? 2 : value < 100 ? 1 : 0, value);
}

}  // namespace

// Written so that what is not a number (no samples) decides nothing.
GoalVerdict Judge(const Goal& goal) {
  const Estimate& seen = goal.measured;
  if (goal.at_most ? seen.high <= goal.wanted : seen.low >= goal.wanted) return GoalVerdict::kMet;
  if (goal.at_most ? seen.low > goal.wanted : seen.high < goal.wanted) return GoalVerdict::kMissed;
  return GoalVerdict::kUndecided;
}

std::string GoalTable(const std::vector<Goal>& goals) {
  if (goals.empty()) return "";
  std::string text = "| goal | wanted | measured | |\n|---|---|---|---|\n";
  for (const Goal& goal : goals) {
    absl::StrAppend(&text, "| ", goal.what, " | ", goal.at_most ? "≤ " : "≥ ", Number(goal.wanted),
                    " ", goal.unit, " | ", Number(goal.measured.value), " [",
                    Number(goal.measured.low), ", ", Number(goal.measured.high), "] ", goal.unit,
                    " | ", VerdictName(Judge(goal)), " |\n");
  }
  return text;
}

}  // namespace benchmarks
