// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/chart_axis.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>

#include "benchmarks/statistics.h"

namespace benchmarks {
namespace {

constexpr double kSpan = 30;    // of values, from which on the scale is logarithmic
constexpr double kRoom = 0.04;  // share of the scale left free at either end
constexpr double kFar = 3;      // as many spans of the middle nine tenths are too far away

// Where values that are not far away end.
double EndOfMost(const std::vector<double>& sorted) {
  const double low = Quantile(sorted, 0.05);
  const double high = Quantile(sorted, 0.95);
  if (high <= low) return sorted.back();
  const double end = high + kFar * (high - low);
  return sorted.back() > end ? high + (high - low) : sorted.back();
}

// The nearest of 1, 2, 5 and 10 times a power of ten.
double RoundStep(double step) {
  const double power = std::pow(10, std::floor(std::log10(step)));
  const double size = step / power;
  return power * (size < 1.5 ? 1 : size < 3.2 ? 2 : size < 7.1 ? 5 : 10);
}

void AddTicks(ChartAxis& axis, int count) {
  const double step = RoundStep((axis.high - axis.low) / count);
  for (double at = std::ceil(axis.low / step); at * step <= axis.high; ++at) {
    axis.ticks.push_back(at * step);
  }
}

void AddLogarithmicTicks(ChartAxis& axis) {
  const bool wide = axis.high / axis.low > 1e3;
  for (double power = std::pow(10, std::floor(std::log10(axis.low))); power <= axis.high;
       power *= 10) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double tick = factor * power;
      if (tick >= axis.low && tick <= axis.high && (factor == 1 || !wide)) {
        axis.ticks.push_back(tick);
      }
    }
  }
}

}  // namespace

double ChartAxis::Place(double value) const {
  const double place = logarithmic ? value <= 0 ? 0 : std::log(value / low) / std::log(high / low)
                                   : (value - low) / (high - low);
  return std::clamp(place, 0.0, 1.0);
}

ChartAxis MakeChartAxis(std::vector<double> values, int ticks) {
  ChartAxis axis;
  if (values.empty()) values = {0, 1};
  std::sort(values.begin(), values.end());
  axis.low = values.front();
  axis.high = values.back();
  axis.logarithmic = axis.low > 0 && axis.high / axis.low > kSpan;
  if (axis.logarithmic) {
    const double room = std::pow(axis.high / axis.low, kRoom);
    axis.low /= room;
    axis.high *= room;
    AddLogarithmicTicks(axis);
    return axis;
  }
  axis.high = EndOfMost(values);
  double room = (axis.high - axis.low) * kRoom;
  if (room == 0) room = axis.low == 0 ? 0.5 : std::abs(axis.low) * 0.1;
  axis.low = axis.low >= 0 ? std::max(0.0, axis.low - room) : axis.low - room;
  axis.high += room;
  AddTicks(axis, ticks);
  return axis;
}

std::string ChartNumber(double value) {
  const double size = std::abs(value);
  if (value == 0) return "0";
  if (size >= 1e6 || size < 1e-3) return absl::StrFormat("%.2g", value);
  if (size >= 100 || value == std::round(value)) return absl::StrFormat("%.0f", value);
  return absl::StrFormat("%.3g", value);
}

}  // namespace benchmarks
