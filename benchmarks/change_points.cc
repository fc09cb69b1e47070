// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/change_points.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "benchmarks/statistics.h"

namespace benchmarks {
namespace {

constexpr int kPermutations = 499;

struct Division {
  std::size_t at = 0;  // the first value of the right part; 0: there is none
  double energy = 0;
};

// The best division into parts of at least `fewest`. Sums of distances are moved from the right
// part to the left one value by value, so all divisions together take one pass over the pairs.
Division BestDivision(const std::vector<double>& values, std::size_t fewest) {
  const std::size_t n = values.size();
  Division best;
  if (n < 2 * fewest) return best;
  double left = 0;    // sum of |a - b| over pairs within the left part
  double right = 0;   // within the right part
  double across = 0;  // between them
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) right += std::abs(values[i] - values[j]);
  }
  for (std::size_t at = 0; at + fewest < n; ++at) {
    double to_left = 0;
    double to_right = 0;
    for (std::size_t i = 0; i < at; ++i) to_left += std::abs(values[i] - values[at]);
    for (std::size_t i = at + 1; i < n; ++i) to_right += std::abs(values[i] - values[at]);
    left += to_left;
    right -= to_right;
    across += to_right - to_left;
    const std::size_t size = at + 1;
    if (size < fewest) continue;
    const auto a = static_cast<double>(size);
    const auto b = static_cast<double>(n - size);
    const double distance = 2 * across / (a * b) - 2 * left / (a * a) - 2 * right / (b * b);
    const double energy = a * b / (a + b) * distance;
    if (best.at == 0 || energy > best.energy) best = {.at = size, .energy = energy};
  }
  return best;
}

class Divider {
 public:
  Divider(const std::vector<double>& values, const ChangePointOptions& options)
      : values_(values), options_(options), random_(options.seed) {}

  std::vector<ChangePoint> Run() {
    Divide(0, values_.size());
    std::sort(found_.begin(), found_.end(),
              [](const ChangePoint& a, const ChangePoint& b) { return a.index < b.index; });
    // The smallest change goes first, since the levels beside it are one then.
    while (true) {
      SetLevels();
      const auto smallest = std::min_element(
          found_.begin(), found_.end(),
          [](const ChangePoint& a, const ChangePoint& b) { return Share(a) < Share(b); });
      if (smallest == found_.end() || Share(*smallest) >= options_.smallest) return found_;
      found_.erase(smallest);
    }
  }

 private:
  static double Share(const ChangePoint& point) {
    const double change = std::abs(point.after - point.before);
    if (change == 0) return 0;
    return point.before == 0 ? HUGE_VAL : change / std::abs(point.before);
  }

  void SetLevels() {
    for (std::size_t i = 0; i < found_.size(); ++i) {
      const std::size_t begin = i == 0 ? 0 : found_[i - 1].index;
      const std::size_t end = i + 1 == found_.size() ? values_.size() : found_[i + 1].index;
      found_[i].before = Median(Part(begin, found_[i].index));
      found_[i].after = Median(Part(found_[i].index, end));
    }
  }

  [[nodiscard]] std::vector<double> Part(std::size_t begin, std::size_t end) const {
    return {values_.begin() + static_cast<std::ptrdiff_t>(begin),
            values_.begin() + static_cast<std::ptrdiff_t>(end)};
  }

  void Divide(std::size_t begin, std::size_t end) {
    std::vector<double> part = Part(begin, end);
    const Division best = BestDivision(part, options_.fewest);
    if (best.at == 0 || !(best.energy > 0)) return;
    // A rounding error must not make a permutation worse than the series itself.
    const double as_good = best.energy * (1 - 1e-9);
    int chance = 1;
    const double most = options_.p_most * (kPermutations + 1);
    for (int i = 0; i < kPermutations; ++i) {
      std::shuffle(part.begin(), part.end(), random_);
      if (BestDivision(part, options_.fewest).energy >= as_good && ++chance > most) return;
    }
    found_.push_back({.index = begin + best.at, .p = chance / (kPermutations + 1.0)});
    Divide(begin, begin + best.at);
    Divide(begin + best.at, end);
  }

  const std::vector<double>& values_;
  const ChangePointOptions& options_;
  std::mt19937_64 random_;
  std::vector<ChangePoint> found_;
};

}  // namespace

std::vector<ChangePoint> FindChangePoints(const std::vector<double>& values,
                                          const ChangePointOptions& options) {
  return Divider(values, options).Run();
}

}  // namespace benchmarks
