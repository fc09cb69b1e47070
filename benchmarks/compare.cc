// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/compare.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/status_macros.h"

namespace benchmarks {
namespace {

std::vector<Block> BlocksOf(const BenchResult& result, std::size_t side,
                            const std::string& metric) {
  const auto& blocks = result.sides[side].blocks;
  const auto found = blocks.find(metric);
  return found == blocks.end() ? std::vector<Block>() : found->second;
}

// Only pairs are of use: an interrupted round has left one side with a block more.
void AppendPairs(const BenchResult& from, BenchResult& into) {
  for (std::size_t side = 0; side < 2; ++side) {
    for (const auto& [metric, blocks] : from.sides[side].blocks) {
      const std::size_t pairs =
          std::min(BlocksOf(from, 0, metric).size(), BlocksOf(from, 1, metric).size());
      std::vector<Block>& all = into.sides[side].blocks[metric];
      std::copy_n(blocks.begin(), pairs, std::back_inserter(all));
    }
    into.sides[side].gaps.insert(from.sides[side].gaps.begin(), from.sides[side].gaps.end());
  }
}

std::vector<MetricChange> ChangesOf(const BenchResult& result,
                                    const std::vector<std::string>& metrics, double margin,
                                    std::uint64_t seed) {
  std::vector<MetricChange> changes;
  for (const std::string& name : metrics) {
    const Metric* const metric = FindMetric(name);
    if (metric == nullptr) continue;
    const std::optional<PairedChange> change =
        ComparePaired(*metric, BlocksOf(result, 0, name), BlocksOf(result, 1, name), margin, seed);
    if (change) changes.push_back({.metric = metric, .change = *change});
  }
  JudgeAll(changes, margin);
  return changes;
}

class Comparison {
 public:
  Comparison(const CompareOptions& options, const MeasureBatch& measure,
             const std::function<std::chrono::steady_clock::time_point()>& now)
      : options_(options), measure_(measure), now_(now), end_(now() + options.budget) {}

  absl::StatusOr<CompareReport> Do() {
    RETURN_IF_ERROR(MeasureNoise());
    RETURN_IF_ERROR(MeasureChange());
    RETURN_IF_ERROR(Confirm());
    FindGaps();
    return std::move(report_);
  }

 private:
  absl::StatusOr<BenchResult> Batch(bool same, std::vector<std::string> metrics, int rounds) {
    absl::StatusOr<BenchResult> result = measure_({.same = same,
                                                   .metrics = std::move(metrics),
                                                   .rounds = rounds,
                                                   .seed = options_.seed + ++batches_});
    RETURN_IF_ERROR(result.status());
    if (result->sides.size() != 2) return absl::InternalError("a batch without two sides");
    report_.complete = report_.complete && result->complete;
    return result;
  }

  absl::Status MeasureNoise() {
    ASSIGN_OR_RETURN(const BenchResult result,
                     Batch(/*same=*/true, options_.metrics, options_.rounds));
    for (const MetricChange& change :
         ChangesOf(result, options_.metrics, options_.margin, options_.seed)) {
      noise_[change.metric->name] = NoiseOf(change.change.ratio);
    }
    report_.result = result;
    for (Side& side : report_.result.sides) {
      side.blocks.clear();
      side.gaps.clear();
    }
    return absl::OkStatus();
  }

  // Its noise is known and small.
  [[nodiscard]] bool Gates(const std::string& metric) const {
    const auto found = noise_.find(metric);
    return found != noise_.end() && found->second <= options_.margin / 2;
  }

  absl::Status MeasureChange() {
    std::vector<std::string> open = options_.metrics;
    BenchResult all;
    while (report_.complete && !open.empty()) {
      ASSIGN_OR_RETURN(const BenchResult result, Batch(/*same=*/false, open, options_.rounds));
      if (all.sides.empty()) {
        all = result;
        for (Side& side : all.sides) side.blocks.clear();
      }
      AppendPairs(result, all);
      Judge(all);
      open.clear();
      for (const CompareRow& row : report_.rows) {
        if (row.gates && row.judgement == Judgement::kUndecided) open.push_back(row.metric->name);
      }
      if (now_() >= end_) break;
    }
    if (!all.sides.empty()) report_.result = std::move(all);
    return absl::OkStatus();
  }

  void Judge(const BenchResult& all) {
    report_.rows.clear();
    for (const MetricChange& change :
         ChangesOf(all, options_.metrics, options_.margin, options_.seed)) {
      const auto noise = noise_.find(change.metric->name);
      report_.rows.push_back({.metric = change.metric,
                              .change = change.change,
                              .judgement = change.judgement,
                              .noise = noise == noise_.end() ? 0 : noise->second,
                              .gates = Gates(change.metric->name)});
    }
  }

  // What is called a regression has to be one in blocks that had no part in calling it so.
  absl::Status Confirm() {
    std::vector<std::string> suspects;
    int rounds = options_.rounds;
    for (const CompareRow& row : report_.rows) {
      if (!row.gates || row.judgement != Judgement::kRegressed) continue;
      suspects.push_back(row.metric->name);
      rounds = std::max(rounds, row.change.pairs);
    }
    if (suspects.empty() || !report_.complete) return absl::OkStatus();
    ASSIGN_OR_RETURN(const BenchResult result, Batch(/*same=*/false, suspects, rounds));
    if (!report_.complete) return absl::OkStatus();
    for (const MetricChange& change : ChangesOf(result, suspects, options_.margin, options_.seed)) {
      const auto row = std::find_if(report_.rows.begin(), report_.rows.end(),
                                    [&](const CompareRow& r) { return r.metric == change.metric; });
      row->confirming_pairs = change.change.pairs;
      row->confirmed = change.judgement == Judgement::kRegressed;
      row->refuted = !row->confirmed;
      if (row->refuted) row->judgement = Judgement::kUndecided;
    }
    AppendPairs(result, report_.result);
    return absl::OkStatus();
  }

  void FindGaps() {
    report_.result.complete = report_.complete;
    const Side& before = report_.result.sides[0];
    const Side& after = report_.result.sides[1];
    for (const std::string& metric : options_.metrics) {
      const auto old_gap = before.gaps.find(metric);
      const auto new_gap = after.gaps.find(metric);
      if (old_gap != before.gaps.end()) {
        report_.gaps[metric] = before.name + ": " + old_gap->second;
      } else if (new_gap != after.gaps.end()) {
        report_.gaps[metric] = after.name + ": " + new_gap->second;
        report_.broken.push_back(metric);
      }
    }
  }

  const CompareOptions& options_;
  const MeasureBatch& measure_;
  const std::function<std::chrono::steady_clock::time_point()>& now_;
  const std::chrono::steady_clock::time_point end_;
  std::map<std::string, double> noise_;
  std::uint64_t batches_ = 0;
  CompareReport report_;
};

}  // namespace

std::vector<std::string> CompareReport::Regressions() const {
  std::vector<std::string> names;
  for (const CompareRow& row : rows) {
    if (row.gates && row.confirmed) names.push_back(row.metric->name);
  }
  return names;
}

bool CompareReport::AnyUndecided() const {
  return std::any_of(rows.begin(), rows.end(), [](const CompareRow& row) {
    return row.gates && row.judgement == Judgement::kUndecided;
  });
}

absl::StatusOr<CompareReport> CompareShims(
    const CompareOptions& options, const MeasureBatch& measure,
    const std::function<std::chrono::steady_clock::time_point()>& now) {
  return Comparison(options, measure, now).Do();
}

}  // namespace benchmarks
