// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "conformance/reports/finished_run.h"
#include "conformance/reports/output.h"
#include "conformance/reports/report.h"

namespace conformance {

// The page people read first on a CI server: verdict by level, what is unexpected with its
// evidence, known divergences with their reference, what was skipped and why, the slowest.
std::unique_ptr<Report> MakeMarkdownReport(std::unique_ptr<Output> output);

// The same as text, below the megabyte that GitHub takes.
std::string MarkdownSummary(const FinishedRun& finished);

}  // namespace conformance
