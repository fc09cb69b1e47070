// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "conformance/reports/finished_run.h"
#include "conformance/reports/output.h"

namespace conformance {

// One HTML page that needs no network and, but for its filter and the download, no script: verdict
// by level, identities, checks with their evidence in lanes, requirements, skips by reason, the
// slowest, and results.json within.
std::unique_ptr<Report> MakeHtmlReport(std::unique_ptr<Output> output);
std::string HtmlPage(const FinishedRun& finished);

}  // namespace conformance
