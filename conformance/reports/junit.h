// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "conformance/reports/output.h"
#include "conformance/reports/report.h"

namespace conformance {

// JUnit XML for CI systems, written at the end. A suite per area, a case per check. Red verdicts
// and xpass are <failure> with the verdict as type and why.code as message, error is <error>; skip,
// xfail and notrun are <skipped>, each with its reason. A flaky check is a <failure> like every
// verdict that makes the run red; one that an expectation lists as flaky passes, with a
// <flakyFailure> for each red attempt. Texts end after 8 KiB.
std::unique_ptr<Report> MakeJunitReport(std::unique_ptr<Output> output);

}  // namespace conformance
