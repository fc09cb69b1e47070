// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace benchmarks {

// Where a series took another level.
struct ChangePoint {
  std::size_t index = 0;  // the first value of the new level
  double before = 0;      // medians of the level that ends there and of the one that begins
  double after = 0;
  double p = 1;  // how often chance alone would divide the series as well
};

struct ChangePointOptions {
  std::size_t fewest = 4;  // values of a level; at least 2
  double p_most = 0.01;    // of a change that is told
  double smallest = 0.02;  // share of the level before by which the next one must differ
  std::uint64_t seed = 1;  // of the permutations
};

// E-divisive means (Matteson and James, 2014): the series is divided where the energy distance
// between both parts is largest, if fewer than `p_most` of its permutations can be divided as
// well, and then each part again. It asks nothing of the distribution, and single outliers do not
// change a level, since every permutation has them, too. A drift is a staircase. In the order of
// the series; deterministic for a seed. Values must be finite.
std::vector<ChangePoint> FindChangePoints(const std::vector<double>& values,
                                          const ChangePointOptions& options = {});

}  // namespace benchmarks
