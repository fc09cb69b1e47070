// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/races.h"

#include <cmath>

namespace conformance {
namespace {

constexpr double kRisk = 0.05;
constexpr int kHalvings = 60;

// The probability of `kills` or more in `executions`, each with probability `p`.
double TailAt(std::size_t kills, std::size_t executions, double p) {
  const auto n = static_cast<double>(executions);
  double tail = 0;
  for (std::size_t i = kills; i <= executions; ++i) {
    const auto k = static_cast<double>(i);
    const double ways = std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
    tail += std::exp(ways + k * std::log(p) + (n - k) * std::log1p(-p));
  }
  return tail;
}

}  // namespace

double KillProbabilityBound(std::size_t kills, std::size_t executions) {
  if (kills == 0) return 0;
  // Of all successes there is a closed form, and the sum above has no p = 1.
  if (kills == executions) return std::pow(kRisk, 1 / static_cast<double>(executions));
  double low = 0;
  double high = 1;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (TailAt(kills, executions, middle) < kRisk ? low : high) = middle;
  }
  return low;
}

}  // namespace conformance
