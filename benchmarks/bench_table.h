// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <map>
#include <string>
#include <vector>

#include "benchmarks/compare.h"
#include "benchmarks/result.h"

namespace benchmarks {

// "6.41 ms", "230 KiB", "5.9 MiB", "1240", with three significant digits.
std::string FormatValue(double value, absl::string_view unit);

// "+8.1 %" of a ratio of 1.081.
std::string FormatChange(double ratio);

// One sentence each: where and how it was measured.
std::string DescribeRun(const BenchResult& result);

// Many metrics are lost for the same reason: reason -> metrics.
std::map<std::string, std::vector<std::string>> MetricsByReason(
    const std::map<std::string, std::string>& gaps);

// What could not be measured, under `head`, a line per reason; "" of no gaps.
std::string GapTable(const std::map<std::string, std::string>& gaps, const std::string& head);

// The tables below are aligned for a terminal, UTF-8, and end with a newline.

// What `bench run` prints: every metric of every side with the interval of its median, and against
// the first side where there are more. Then the slopes, and what could not be measured and why.
std::string RunTable(const BenchResult& result);

// What `bench compare` prints: one line per metric, what may gate and what not, and what it all
// comes to.
std::string CompareTable(const CompareReport& report, const CompareOptions& options);

}  // namespace benchmarks
