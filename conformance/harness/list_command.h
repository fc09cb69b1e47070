// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/check.h"
#include "conformance/harness/run_command.h"

namespace conformance {

// The options of `shimgauge list`.
struct ListOptions {
  SelectionOptions selection;
  bool json = false;
  bool markdown = false;  // docs/checks.md, whatever is selected
  std::string why;        // a check id: tell which rule includes or excludes it
};

// `shimgauge list`: the selected checks, one a line, with level, requirements, and why those that
// would not be run are not. Returns the exit code.
int ListCommand(const ListOptions& options, const std::vector<Check>& checks);

}  // namespace conformance
