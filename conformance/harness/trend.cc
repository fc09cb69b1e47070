// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/trend.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <ostream>

namespace conformance {
namespace {

constexpr double kNormalQuantile = 2.5758;  // two-sided, 99 %
constexpr std::size_t kPointsMin = 4;

// The variance of Kendall's S under the hypothesis of no trend; tied values carry no information.
double VarianceOfS(const std::vector<TrendPoint>& points) {
  const auto term = [](double n) { return n * (n - 1) * (2 * n + 5); };
  std::map<double, double> ties;
  for (const TrendPoint& point : points) ties[point.y] += 1;
  double variance = term(static_cast<double>(points.size()));
  for (const auto& [value, count] : ties) variance -= term(count);
  return std::max(0.0, variance / 18);
}

std::vector<double> SlopesOfPairs(const std::vector<TrendPoint>& points) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      const double dx = points[j].x - points[i].x;
      if (dx != 0) slopes.push_back((points[j].y - points[i].y) / dx);
    }
  }
  std::sort(slopes.begin(), slopes.end());
  return slopes;
}

double Median(const std::vector<double>& sorted) {
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

}  // namespace

void PrintTo(const Trend& trend, std::ostream* out) {
  *out << absl::StrFormat("%.4g (99%%: %.4g to %.4g)", trend.slope, trend.low, trend.high);
}

std::optional<Trend> FitTrend(const std::vector<TrendPoint>& points) {
  const std::vector<double> slopes = SlopesOfPairs(points);
  if (slopes.size() < kPointsMin * (kPointsMin - 1) / 2) return std::nullopt;
  // Ranks are rounded outwards: too wide an interval only misses a leak that the soak finds.
  const double count = static_cast<double>(slopes.size());
  const double reach = kNormalQuantile * std::sqrt(VarianceOfS(points));
  const double first = std::floor((count - reach) / 2) - 1;
  const double last = std::ceil((count + reach) / 2);
  const auto at = [&](double rank) {
    return slopes[static_cast<std::size_t>(std::clamp(rank, 0.0, count - 1))];
  };
  return Trend{.slope = Median(slopes), .low = at(first), .high = at(last)};
}

}  // namespace conformance
