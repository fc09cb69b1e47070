// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <memory>
#include <string>

#include "conformance/reports/output.h"
#include "conformance/reports/report.h"

namespace conformance {

// JUnit XML for CI systems, written at the end. A suite per area, a case per check. Red verdicts
// and xpass are <failure>, error is <error>, skip, xfail and notrun are <skipped>, each with its
// reason.
std::unique_ptr<Report> MakeJunitReport(std::unique_ptr<Output> output);

// Text for XML 1.0 content and attributes: markup escaped; characters XML does not know, invalid
// UTF-8 included, become U+FFFD.
std::string XmlText(absl::string_view text);

}  // namespace conformance
