// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/inference.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

namespace benchmarks {
namespace {

constexpr double kNormal95 = 1.959963984540054;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The greatest k with P(Binomial(n, q) < k) <= `tail`.
std::size_t BinomialBound(std::size_t n, double q, double tail) {
  double below = 0;
  for (std::size_t k = 0; k <= n; ++k) {
    const auto kd = static_cast<double>(k);
    const auto nd = static_cast<double>(n);
    below += std::exp(std::lgamma(nd + 1) - std::lgamma(kd + 1) - std::lgamma(nd - kd + 1) +
                      kd * std::log(q) + (nd - kd) * std::log1p(-q));
    if (below > tail) return k;
  }
  return n;
}

// Twice the rank of each value by size, 1 for the least; ties share the mean of their ranks, which
// twice over is a whole number.
std::vector<std::size_t> DoubledRanks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(values[a]) < std::abs(values[b]);
  });
  std::vector<std::size_t> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first;
    while (end < order.size() && std::abs(values[order[end]]) == std::abs(values[order[first]])) {
      ++end;
    }
    for (std::size_t i = first; i < end; ++i) ranks[order[i]] = first + 1 + end;
    first = end;
  }
  return ranks;
}

}  // namespace

Estimate QuantileEstimate(std::vector<double> samples, double q) {
  if (samples.empty()) return {kNaN, kNaN, kNaN};
  std::sort(samples.begin(), samples.end());
  const std::size_t n = samples.size();
  const double inner = std::clamp(q, 1e-9, 1 - 1e-9);
  // Order statistics k and m, from 1: the quantile lies below the k-th with the probability
  // P(B < k), and above the m-th with P(B >= m).
  const std::size_t low = BinomialBound(n, inner, 0.025);
  const std::size_t high = n - BinomialBound(n, 1 - inner, 0.025);
  return {Quantile(samples, q), samples[low == 0 ? 0 : low - 1], samples[std::min(high, n - 1)]};
}

double HodgesLehmann(const std::vector<double>& differences) {
  std::vector<double> means;
  means.reserve(differences.size() * (differences.size() + 1) / 2);
  for (std::size_t i = 0; i < differences.size(); ++i) {
    for (std::size_t j = i; j < differences.size(); ++j) {
      means.push_back((differences[i] + differences[j]) / 2);
    }
  }
  return Median(std::move(means));
}

double SignedRankP(const std::vector<double>& all) {
  std::vector<double> values;
  std::copy_if(all.begin(), all.end(), std::back_inserter(values),
               [](double value) { return value != 0; });
  const std::vector<std::size_t> ranks = DoubledRanks(values);
  std::size_t observed = 0;
  std::size_t total = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    total += ranks[i];
    if (values[i] > 0) observed += ranks[i];
  }
  // Share of all choices of signs that give each sum.
  std::vector<double> share(total + 1, 0.0);
  share[0] = 1;
  for (const std::size_t rank : ranks) {
    for (std::size_t sum = total + 1; sum-- > 0;) {
      share[sum] = share[sum] / 2 + (sum >= rank ? share[sum - rank] / 2 : 0);
    }
  }
  double p = 0;
  for (std::size_t sum = observed; sum <= total; ++sum) p += share[sum];
  return std::min(p, 1.0);
}

std::vector<bool> BenjaminiHochberg(const std::vector<double>& p_values, double rate) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::size_t rejected = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double bound = rate * static_cast<double>(i + 1) / static_cast<double>(order.size());
    if (p_values[order[i]] <= bound) rejected = i + 1;
  }
  std::vector<bool> result(p_values.size(), false);
  for (std::size_t i = 0; i < rejected; ++i) result[order[i]] = true;
  return result;
}

Estimate SlopeEstimate(const std::vector<double>& x, const std::vector<double>& y) {
  std::vector<double> slopes;
  const std::size_t n = std::min(x.size(), y.size());
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      if (x[i] != x[j]) slopes.push_back((y[j] - y[i]) / (x[j] - x[i]));
    }
  }
  if (slopes.empty()) return {kNaN, kNaN, kNaN};
  std::sort(slopes.begin(), slopes.end());
  const auto points = static_cast<double>(n);
  const double spread = kNormal95 * std::sqrt(points * (points - 1) * (2 * points + 5) / 18);
  const auto count = static_cast<double>(slopes.size());
  const auto at = [&](double index) {
    return slopes[static_cast<std::size_t>(std::clamp(index, 0.0, count - 1))];
  };
  return {Median(slopes), at(std::floor((count - spread) / 2)),
          at(std::ceil((count + spread) / 2))};
}

}  // namespace benchmarks
