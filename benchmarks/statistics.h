// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace benchmarks {

// Linear interpolation between order statistics; `q` in [0, 1]. NaN for no samples.
double Quantile(std::vector<double> samples, double q);
double Median(std::vector<double> samples);

// An estimate with the interval that holds it in 95 % of all repetitions.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

// Median of `samples`, percentile bootstrap. Deterministic for a seed. NaN for no samples.
Estimate MedianEstimate(const std::vector<double>& samples, std::uint64_t seed);

// Median of a[i] / b[i] over the pairs, so that a drift of the machine that hits both sides of a
// pair cancels out. Both sides have one value per round; computed on logarithms.
Estimate PairedRatio(const std::vector<double>& a, const std::vector<double>& b,
                     std::uint64_t seed);

// Median of a[i] - b[i].
Estimate PairedDifference(const std::vector<double>& a, const std::vector<double>& b,
                          std::uint64_t seed);

}  // namespace benchmarks
