// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/decision.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "benchmarks/inference.h"

namespace benchmarks {
namespace {

struct Pairs {
  std::vector<double> before;
  std::vector<double> after;
  int disturbed = 0;
};

Pairs PairUp(const Metric& metric, const std::vector<Block>& before,
             const std::vector<Block>& after) {
  const std::size_t count = std::min(before.size(), after.size());
  const bool timed = metric.kind == MetricKind::kTime || metric.kind == MetricKind::kThroughput;
  std::size_t calm = 0;
  for (std::size_t i = 0; i < count; ++i) calm += !before[i].disturbed && !after[i].disturbed;
  const bool leave_out = timed && calm >= static_cast<std::size_t>(kUndisturbedMin);
  Pairs pairs;
  for (std::size_t i = 0; i < count; ++i) {
    if (leave_out && (before[i].disturbed || after[i].disturbed)) {
      ++pairs.disturbed;
      continue;
    }
    pairs.before.push_back(Quantile(before[i].samples, metric.quantile));
    pairs.after.push_back(Quantile(after[i].samples, metric.quantile));
  }
  return pairs;
}

// Logarithms need something above nothing, on both sides alike.
void LiftZeroes(std::vector<double>& a, std::vector<double>& b) {
  const auto none = [](double value) { return value <= 0; };
  if (std::none_of(a.begin(), a.end(), none) && std::none_of(b.begin(), b.end(), none)) return;
  for (double& value : a) value = std::max(value, 0.0) + 1;
  for (double& value : b) value = std::max(value, 0.0) + 1;
}

}  // namespace

std::optional<PairedChange> ComparePaired(const Metric& metric, const std::vector<Block>& before,
                                          const std::vector<Block>& after, double margin,
                                          std::uint64_t seed) {
  Pairs pairs = PairUp(metric, before, after);
  if (pairs.before.empty()) return std::nullopt;
  PairedChange change{.pairs = static_cast<int>(pairs.before.size()), .disturbed = pairs.disturbed};
  change.before = Median(pairs.before);
  change.after = Median(pairs.after);
  std::vector<double> differences;
  for (std::size_t i = 0; i < pairs.before.size(); ++i) {
    differences.push_back(pairs.after[i] - pairs.before[i]);
  }
  change.shift = HodgesLehmann(differences);
  LiftZeroes(pairs.before, pairs.after);
  change.ratio = PairedRatio(pairs.after, pairs.before, seed);
  // Beyond the margin counts, not beyond nothing.
  std::vector<double> worse;
  std::vector<double> better;
  const double sign = metric.lower_is_better ? 1 : -1;
  for (std::size_t i = 0; i < pairs.before.size(); ++i) {
    const double log_ratio = sign * std::log(pairs.after[i] / pairs.before[i]);
    worse.push_back(log_ratio - std::log1p(margin));
    better.push_back(-log_ratio - std::log1p(margin));
  }
  change.worse_p = SignedRankP(worse);
  change.better_p = SignedRankP(better);
  return change;
}

absl::string_view JudgementName(Judgement judgement) {
  switch (judgement) {
    case Judgement::kRegressed:
      return "regressed";
    case Judgement::kImproved:
      return "improved";
    case Judgement::kEqual:
      return "equal";
    case Judgement::kUndecided:
      return "undecided";
  }
  return "undecided";
}

Judgement JudgeInterval(const Metric& metric, const Estimate& ratio, double margin) {
  // As if lower were better: half as many per second is twice the time.
  const double low = metric.lower_is_better ? ratio.low : 1 / ratio.high;
  const double high = metric.lower_is_better ? ratio.high : 1 / ratio.low;
  const double bound = 1 + margin;
  if (low > bound) return Judgement::kRegressed;
  if (high < 1 / bound) return Judgement::kImproved;
  if (low >= 1 / bound && high <= bound) return Judgement::kEqual;
  return Judgement::kUndecided;
}

void JudgeAll(std::vector<MetricChange>& changes, double margin) {
  std::vector<double> p_values;
  for (const MetricChange& change : changes) {
    // Both sides are looked at.
    p_values.push_back(std::min(1.0, 2 * std::min(change.change.worse_p, change.change.better_p)));
  }
  const std::vector<bool> holds = BenjaminiHochberg(p_values, kFalseDiscoveryRate);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    changes[i].judgement = JudgeInterval(*changes[i].metric, changes[i].change.ratio, margin);
    const bool changed = changes[i].judgement == Judgement::kRegressed ||
                         changes[i].judgement == Judgement::kImproved;
    if (changed && !holds[i]) changes[i].judgement = Judgement::kUndecided;
  }
}

double NoiseOf(const Estimate& ratio) { return std::max(ratio.high - 1, 1 / ratio.low - 1); }

bool MayGate(const Estimate& ratio, double margin) { return NoiseOf(ratio) <= margin / 2; }

}  // namespace benchmarks
