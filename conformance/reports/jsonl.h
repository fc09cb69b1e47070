// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "conformance/reports/output.h"
#include "conformance/reports/report.h"

namespace conformance {

// The result stream: one JSON object a line with its type in "t" (run.start, probe, check.start,
// attempt.end, check.end, run.end), each written the moment it is known. A stream without run.end
// is that of a killed run.
std::unique_ptr<Report> MakeJsonLinesReport(std::unique_ptr<Output> output);

// The fold of the stream: one JSON document, written at the end.
std::unique_ptr<Report> MakeJsonReport(std::unique_ptr<Output> output);

}  // namespace conformance
