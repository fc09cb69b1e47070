// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "conformance/reports/output.h"
#include "conformance/reports/report.h"

namespace conformance {

// TAP 14, in plan order, each point as soon as its turn has come. Skips are `# SKIP`, expected
// failures `# TODO`; an xpass is `not ok`, since consumers take a passing TODO for green. What
// needs a look carries a YAML block. A run that did not end by itself ends in `Bail out!`.
std::unique_ptr<Report> MakeTapReport(std::unique_ptr<Output> output);

}  // namespace conformance
