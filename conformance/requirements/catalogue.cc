// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "conformance/harness/requirement.h"
#include "conformance/requirements/sections.h"

namespace conformance {
namespace {

std::vector<Requirement> Collect() {
  std::vector<Requirement> rows;
  AddHarnessRequirements(rows);
  AddInvocationRequirements(rows);
  AddBootstrapFormatRequirements(rows);
  AddSocketRequirements(rows);
  AddTtrpcRequirements(rows);
  AddTaskRequirements(rows);
  AddObservationRequirements(rows);
  AddControlRequirements(rows);
  AddEventRequirements(rows);
  AddStdioRequirements(rows);
  AddProcessRequirements(rows);
  AddHookRequirements(rows);
  AddSandboxRequirements(rows);
  AddVersionRequirements(rows);
  AddVmRequirements(rows);
  AddWasmRequirements(rows);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Requirement& a, const Requirement& b) { return a.id < b.id; });
  return rows;
}

}  // namespace

const std::vector<Requirement>& Requirements() {
  static const std::vector<Requirement> rows = Collect();
  return rows;
}

const Requirement* LookupRequirement(absl::string_view id) {
  const std::vector<Requirement>& rows = Requirements();
  const auto found = std::lower_bound(
      rows.begin(), rows.end(), id,
      [](const Requirement& row, absl::string_view wanted) { return row.id < wanted; });
  return found != rows.end() && found->id == id ? &*found : nullptr;
}

}  // namespace conformance
