// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <vector>

#include "conformance/harness/check.h"
#include "conformance/harness/daemon_line.h"

namespace conformance {

// One row of the catalogue: what a shim owes, in our own words. Ids are never reused.
struct Requirement {
  absl::string_view id;  // "EVT-20"
  Level level = Level::kMust;
  absl::string_view wording;  // one sentence
  absl::string_view source;   // where the duty comes from: document or caller in containerd
  Validity validity = {};     // the containerd releases it holds for
  // Why no check judges it; empty for the rows that checks must cite.
  absl::string_view unchecked = {};
};

// All rows, sorted by id.
const std::vector<Requirement>& Requirements();

// The row of `id`, or nullptr.
const Requirement* LookupRequirement(absl::string_view id);

}  // namespace conformance
