// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "benchmarks/record.h"
#include "benchmarks/result.h"

namespace benchmarks {

// A picture of a result for people: a panel per metric with every sample of every side, the middle
// half of them, and the median, whose value, interval and ratio to the first side stand beside it.
// Then, for each metric of `history` (oldest first, of one host, configuration and shim; may be
// empty), its values over the runs with the levels between changes. One self-contained SVG document
// that follows the reader's choice of light or dark.
std::string ChartSvg(const BenchResult& result, const std::vector<Record>& history);

// The same as an HTML page that says what was measured where, with the figures as a table below.
std::string ChartPage(const BenchResult& result, const std::vector<Record>& history);

}  // namespace benchmarks
