// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>
#include <vector>

#include "benchmarks/record.h"
#include "benchmarks/result.h"

// Parts of the picture that ChartSvg composes. A part is a fragment of SVG whose left upper corner
// is the origin, kChartWidth wide; its colours are classes of kChartStyle.
namespace benchmarks {

inline constexpr double kChartWidth = 900;
inline constexpr int kChartColours = 6;  // sides beyond share them

extern const char kChartStyle[];

struct ChartPart {
  std::string svg;
  double height = 0;
};

// The samples of all sides for one metric.
ChartPart DrawSamples(const Metric& metric, const BenchResult& result);
// One metric over a history; nothing (height 0) with fewer than two runs.
ChartPart DrawHistory(const Metric& metric, const std::vector<Record>& history);
ChartPart DrawHeading(absl::string_view text);

// `text` for element content and attributes.
std::string XmlEscaped(absl::string_view text);

// "1.37 ms [1.31, 1.42]".
std::string FigureText(const Metric& metric, const Estimate& figure);
// "× 1.08 [1.06, 1.11]" against the blocks of the first side that were taken beside those of
// `side`; empty for the first side itself and where there are none.
std::string RatioText(const Metric& metric, const BenchResult& result, std::size_t side);

}  // namespace benchmarks
