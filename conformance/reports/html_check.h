// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "conformance/harness/accounting.h"
#include "conformance/harness/run_info.h"

namespace conformance {

// One check of the HTML report: a line that unfolds into rule, expected and observed, a time line
// with a lane for calls, events, processes and the world, the shim's log, what was left, and the
// command to run it again.
std::string HtmlCheck(const CheckResult& result, const RunInfo& run);

// The fragment that links to it: "check-events/exit-after-start".
std::string HtmlCheckAnchor(const std::string& check_id);

}  // namespace conformance
