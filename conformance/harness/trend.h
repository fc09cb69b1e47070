// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <optional>
#include <vector>

namespace conformance {

// One measurement: a quantity `y` after `x` units of work.
struct TrendPoint {
  double x = 0;
  double y = 0;
};

// How much a quantity grows per unit of work, with the interval in which the true slope lies with a
// confidence of 99 %. A quantity leaks when `low` is above what is tolerated: then the growth is
// neither chance nor one step.
struct Trend {
  double slope = 0;
  double low = 0;
  double high = 0;
};
void PrintTo(const Trend& trend, std::ostream* out);

// Theil and Sen's slope: the median of the slopes of all pairs of points, and Sen's interval from
// their ranks. Not least squares, because what is measured here is nothing like a line with normal
// errors: counts that are almost always equal, one step when a pool or a cache is first filled, the
// saw teeth of a garbage collector. Least squares takes a single late step for a slope, with an
// interval that is much too narrow; the median of pairs does not see it, yet for a real leak, where
// nearly all pairs rise, both agree. Ties are taken into account.
//
// nullopt for fewer than four points with different x.
std::optional<Trend> FitTrend(const std::vector<TrendPoint>& points);

}  // namespace conformance
