// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "benchmarks/statistics.h"

namespace benchmarks {

// All of this assumes nothing about the shape of a distribution, and nothing here is random.

// The `q`-quantile of `samples` with the order statistics that hold it in 95 % of all repetitions
// (by the binomial distribution); with few samples these are the least and the greatest. NaN for no
// samples.
Estimate QuantileEstimate(std::vector<double> samples, double q);

// Hodges and Lehmann's shift: the median of the means of all pairs of `differences`. NaN for none.
double HodgesLehmann(const std::vector<double>& differences);

// Wilcoxon's signed-rank test: how probable values as much on the positive side as these are, or
// more so, if they were symmetric about zero. Exact, ties included; zeroes are left out. 1 for no
// values.
double SignedRankP(const std::vector<double>& values);

// Benjamini and Hochberg: which of the hypotheses with these p-values can be rejected so that at
// most the share `rate` of the rejected is expected to be true.
std::vector<bool> BenjaminiHochberg(const std::vector<double>& p_values, double rate);

// Theil and Sen's slope of `y` over `x` with Sen's 95 % interval: no single step or outlier makes a
// slope. NaN for fewer than two points with different x.
Estimate SlopeEstimate(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace benchmarks
