// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/reports/console.h"
#include "conformance/reports/report.h"

namespace conformance {

// The report for people, in plan order: header, a line per finished area, the evidence of every
// unexpected verdict as soon as its turn has come, a summary. With `verbose` a line per check.
std::unique_ptr<Report> MakeTextReport(std::shared_ptr<Console> console, bool verbose);

// What `-v` of a shim says, on one line: its version if a line names one, else the first line.
std::string ShortVersion(absl::string_view version_text);

}  // namespace conformance
