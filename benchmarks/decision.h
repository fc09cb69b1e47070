// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "benchmarks/result.h"
#include "benchmarks/statistics.h"

namespace benchmarks {

// Share of false alarms that is accepted among the metrics called regressed or improved.
inline constexpr double kFalseDiscoveryRate = 0.05;
// Undisturbed pairs below which disturbed ones count as well.
inline constexpr int kUndisturbedMin = 6;

// A change of one metric, from pairs of neighbouring blocks.
struct PairedChange {
  int pairs = 0;
  int disturbed = 0;  // pairs left out, since the hypervisor took time during them
  double before = 0;  // median over blocks, in the unit
  double after = 0;
  Estimate ratio;      // after / before: median of the pairs' ratios with its 95 % interval
  double shift = 0;    // Hodges-Lehmann, after - before, in the unit
  double worse_p = 1;  // how probable such pairs are if it is not worse by more than the margin
  double better_p = 1;
};

// A block stands for itself by the metric's quantile of its samples. nullopt when the sides have no
// block in common. Counts of zero are compared as counts one higher. Interpolation and bootstrap
// depend on `seed` alone. Blocks disturbed by the hypervisor are left out of times and throughputs
// while kUndisturbedMin pairs remain without them.
std::optional<PairedChange> ComparePaired(const Metric& metric, const std::vector<Block>& before,
                                          const std::vector<Block>& after, double margin,
                                          std::uint64_t seed);

enum class Judgement {
  kRegressed,  // the whole interval is worse by more than the margin
  kImproved,   // the whole interval is better by more than the margin
  kEqual,      // the whole interval is within the margin
  kUndecided,  // none of these, or not against what chance does to many metrics
};
absl::string_view JudgementName(Judgement judgement);

// By the interval alone. `margin` is a share: 0.05.
Judgement JudgeInterval(const Metric& metric, const Estimate& ratio, double margin);

// One metric of a comparison.
struct MetricChange {
  const Metric* metric = nullptr;
  PairedChange change;
  Judgement judgement = Judgement::kUndecided;
};

// All metrics at once: JudgeInterval, where regressed and improved have to hold against Benjamini
// and Hochberg's procedure over all of `changes` too; else they are undecided.
void JudgeAll(std::vector<MetricChange>& changes, double margin);

// Of a comparison of a side with itself: the greatest change its interval holds, as a share.
double NoiseOf(const Estimate& ratio);
// A metric may gate if a comparison of a side with itself shows less than half the margin.
bool MayGate(const Estimate& ratio, double margin);

}  // namespace benchmarks
