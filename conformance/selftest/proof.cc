// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/proof.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace conformance {
namespace {

const Cell* FirstOf(const FaultRecord& fault, CellKind kind) {
  for (const Cell& cell : fault.cells) {
    if (!cell.expected.empty() && cell.kind == kind) return &cell;
  }
  return nullptr;
}

}  // namespace

FaultStanding StandingOf(const FaultRecord& fault) {
  if (!fault.equivalent.empty()) return FaultStanding::kEquivalent;
  if (!fault.problem.empty()) return FaultStanding::kProblem;
  if (fault.firings == 0) return FaultStanding::kNeverFired;
  if (FirstOf(fault, CellKind::kSurvived) != nullptr) return FaultStanding::kSurvived;
  if (FirstOf(fault, CellKind::kUnstable) != nullptr) return FaultStanding::kUnstable;
  if (FirstOf(fault, CellKind::kNotReached) != nullptr) return FaultStanding::kNotReached;
  if (FirstOf(fault, CellKind::kIntended) == nullptr) {
    return FirstOf(fault, CellKind::kOtherwise) == nullptr ? FaultStanding::kNotReached
                                                           : FaultStanding::kOtherwise;
  }
  if (FirstOf(fault, CellKind::kOtherwise) != nullptr) return FaultStanding::kOtherwise;
  return fault.first_screen.empty() ? FaultStanding::kKilled : FaultStanding::kOtherwise;
}

std::string StandingText(FaultStanding standing) {
  switch (standing) {
    case FaultStanding::kKilled:
      return "killed as intended";
    case FaultStanding::kEquivalent:
      return "equivalent";
    case FaultStanding::kOtherwise:
      return "killed otherwise";
    case FaultStanding::kSurvived:
      return "survived";
    case FaultStanding::kUnstable:
      return "unstable";
    case FaultStanding::kNotReached:
      return "not reached";
    case FaultStanding::kNeverFired:
      return "never fired";
    case FaultStanding::kProblem:
      break;
  }
  return "no result";
}

bool IsProven(const FaultRecord& fault) {
  const FaultStanding standing = StandingOf(fault);
  return standing == FaultStanding::kKilled || standing == FaultStanding::kEquivalent;
}

std::string ShortfallOf(const FaultRecord& fault) {
  const auto about = [](const Cell* cell) {
    return cell == nullptr ? std::string("its row names no check")
                           : absl::StrCat(cell->check, ": ", cell->detail);
  };
  switch (StandingOf(fault)) {
    case FaultStanding::kKilled:
    case FaultStanding::kEquivalent:
      return "";
    case FaultStanding::kProblem:
      return fault.problem;
    case FaultStanding::kNeverFired:
      return "the journal has no line: the defect never showed";
    case FaultStanding::kSurvived:
      return about(FirstOf(fault, CellKind::kSurvived));
    case FaultStanding::kUnstable:
      return about(FirstOf(fault, CellKind::kUnstable));
    case FaultStanding::kNotReached:
      return about(FirstOf(fault, CellKind::kNotReached));
    case FaultStanding::kOtherwise:
      break;
  }
  if (const Cell* cell = FirstOf(fault, CellKind::kOtherwise)) return about(cell);
  return absl::StrCat(fault.cells.front().check, ": first screen: ", fault.first_screen);
}

}  // namespace conformance
