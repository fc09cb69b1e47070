// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace benchmarks {

// A scale that holds the values it was made of.
struct ChartAxis {
  double low = 0;
  double high = 1;
  bool logarithmic = false;
  std::vector<double> ticks;  // within the scale, ascending

  // 0 for `low`, 1 for `high`; what lies beyond is put at the end.
  [[nodiscard]] double Place(double value) const;
};

// Begins and ends at the values, a little apart; ticks are 1, 2 or 5 times a power of ten, about
// `ticks` of them. Logarithmic where the values span more than a factor of 30. Where a few far
// values would squeeze all others into a corner, the scale ends before them. Values are finite; one
// or none of them make a scale, too.
ChartAxis MakeChartAxis(std::vector<double> values, int ticks);

// "0.25", "1200", "3.1e+06": as few digits as tell it from others in a chart.
std::string ChartNumber(double value);

}  // namespace benchmarks
