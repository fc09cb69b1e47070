// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>

namespace benchmarks {
namespace {

constexpr int kResamples = 2000;

}  // namespace

double Quantile(std::vector<double> samples, double q) {
  if (samples.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(samples.begin(), samples.end());
  const double position = q * static_cast<double>(samples.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, samples.size() - 1);
  const double fraction = position - static_cast<double>(below);
  return samples[below] * (1 - fraction) + samples[above] * fraction;
}

double Median(std::vector<double> samples) { return Quantile(std::move(samples), 0.5); }

Estimate MedianEstimate(const std::vector<double>& samples, std::uint64_t seed) {
  Estimate estimate{.value = Median(samples)};
  if (samples.empty()) return {estimate.value, estimate.value, estimate.value};
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<std::size_t> pick(0, samples.size() - 1);
  std::vector<double> medians;
  medians.reserve(kResamples);
  std::vector<double> resample(samples.size());
  for (int i = 0; i < kResamples; ++i) {
    for (double& value : resample) value = samples[pick(random)];
    medians.push_back(Median(resample));
  }
  estimate.low = Quantile(medians, 0.025);
  estimate.high = Quantile(medians, 0.975);
  return estimate;
}

Estimate PairedRatio(const std::vector<double>& a, const std::vector<double>& b,
                     std::uint64_t seed) {
  std::vector<double> logs;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    logs.push_back(std::log(a[i] / b[i]));
  }
  const Estimate log_ratio = MedianEstimate(logs, seed);
  return {std::exp(log_ratio.value), std::exp(log_ratio.low), std::exp(log_ratio.high)};
}

Estimate PairedDifference(const std::vector<double>& a, const std::vector<double>& b,
                          std::uint64_t seed) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    differences.push_back(a[i] - b[i]);
  }
  return MedianEstimate(differences, seed);
}

}  // namespace benchmarks
