// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "benchmarks/bench_table.h"

namespace benchmarks {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Clock = std::chrono::steady_clock;

// Two shims on a machine that drifts, whose blocks scatter, and whose new one may be slower.
class Synthetic {
 public:
  explicit Synthetic(std::uint64_t seed) : random_(seed) {}

  double noise = 0.01;                    // of a block, as a share
  std::map<std::string, double> factors;  // new / old
  std::map<std::string, std::string> new_gaps;
  int batch_with_factors = 0;  // 0: all; else only that comparison batch
  int complete_batches = 1000;
  std::vector<BatchRequest> requests;
  Clock::time_point time;

  absl::StatusOr<BenchResult> Measure(const BatchRequest& request) {
    requests.push_back(request);
    comparisons_ += !request.same;
    time += std::chrono::seconds(10);
    BenchResult result;
    result.complete = static_cast<int>(requests.size()) <= complete_batches;
    result.sides = {{.name = "old"}, {.name = "new"}};
    for (const std::string& metric : request.metrics) {
      if (!request.same && new_gaps.count(metric) != 0) {
        result.sides[1].gaps[metric] = new_gaps[metric];
      }
      for (int round = 0; round < request.rounds; ++round) AddRound(request, metric, result);
    }
    return result;
  }

  CompareReport Compare(const CompareOptions& options) {
    const MeasureBatch measure = [this](const BatchRequest& r) { return Measure(r); };
    absl::StatusOr<CompareReport> report = CompareShims(options, measure, [this] { return time; });
    EXPECT_TRUE(report.ok()) << report.status();
    return *std::move(report);
  }

 private:
  void AddRound(const BatchRequest& request, const std::string& metric, BenchResult& result) {
    std::normal_distribution<double> scatter(0, noise);
    drift_ += scatter(random_);
    const bool changed = !request.same && factors.count(metric) != 0 &&
                         (batch_with_factors == 0 || batch_with_factors == comparisons_);
    const double factor = changed ? factors[metric] : 1;
    const bool exact = FindMetric(metric)->kind == MetricKind::kProxy;
    for (std::size_t side = 0; side < 2; ++side) {
      if (result.sides[side].gaps.count(metric) != 0) continue;
      const double value = exact ? 100 : 10 * std::exp(drift_ + scatter(random_));
      result.sides[side].blocks[metric].push_back(
          {.samples = {side == 1 ? value * factor : value}});
    }
  }

  std::mt19937_64 random_;
  double drift_ = 0;
  int comparisons_ = 0;
};

const CompareOptions kOptions{.metrics = {"boot", "create", "pss-idle", "syscalls"},
                              .rounds = 12,
                              .budget = std::chrono::seconds(60),
                              .seed = 3};

const CompareRow& RowOf(const CompareReport& report, const std::string& metric) {
  for (const CompareRow& row : report.rows) {
    if (row.metric->name == metric) return row;
  }
  ADD_FAILURE() << "no row " << metric;
  return report.rows.front();
}

TEST(CompareShims, FindsAndConfirmsARegression) {
  Synthetic host(1);
  host.factors["create"] = 1.10;
  const CompareReport report = host.Compare(kOptions);
  EXPECT_THAT(report.Regressions(), ElementsAre("create"));
  EXPECT_EQ(RowOf(report, "create").change.pairs, 12);
  EXPECT_EQ(RowOf(report, "create").confirming_pairs, 12);
  EXPECT_EQ(RowOf(report, "boot").judgement, Judgement::kEqual);
  // A/A, the comparison, and a batch of the suspect alone.
  ASSERT_EQ(host.requests.size(), 3u);
  EXPECT_TRUE(host.requests[0].same);
  EXPECT_THAT(host.requests[2].metrics, ElementsAre("create"));
  EXPECT_EQ(report.result.sides[0].blocks.at("create").size(), 24u);
  const std::string table = CompareTable(report, kOptions);
  EXPECT_THAT(table, HasSubstr("REGRESSED (confirmed, 12 + 12 blocks)"));
  EXPECT_THAT(table, HasSubstr("wall clock and memory may gate"));
}

TEST(CompareShims, ASecondBatchMayRefute) {
  Synthetic host(2);
  host.factors["create"] = 1.3;
  host.batch_with_factors = 1;
  const CompareReport report = host.Compare(kOptions);
  EXPECT_THAT(report.Regressions(), IsEmpty());
  EXPECT_TRUE(RowOf(report, "create").refuted);
  EXPECT_TRUE(report.AnyUndecided());
  EXPECT_THAT(CompareTable(report, kOptions), HasSubstr("a second batch did not find it"));
}

TEST(CompareShims, OnANoisyHostOnlyProxiesGate) {
  Synthetic host(3);
  host.noise = 0.2;
  host.factors = {{"create", 2.0}, {"syscalls", 1.10}};
  const CompareReport report = host.Compare(kOptions);
  EXPECT_FALSE(RowOf(report, "create").gates);
  EXPECT_TRUE(RowOf(report, "syscalls").gates);
  EXPECT_THAT(report.Regressions(), ElementsAre("syscalls"));
  const std::string table = CompareTable(report, kOptions);
  EXPECT_THAT(table, HasSubstr("host too noisy for 3 of 3"));
  EXPECT_THAT(table, HasSubstr("only proxies gate"));
}

TEST(CompareShims, UndecidedMetricsGetMoreBlocksWhileThereIsBudget) {
  Synthetic host(4);
  host.noise = 0.006;
  host.factors["create"] = 1.05;  // on the margin: no number of blocks decides
  const CompareReport report = host.Compare(kOptions);
  EXPECT_THAT(report.Regressions(), IsEmpty());
  const int comparisons = static_cast<int>(host.requests.size()) - 1;
  EXPECT_GE(comparisons, 3);
  EXPECT_LE(comparisons, 6);  // 60 s of 10 s each
  EXPECT_THAT(host.requests.back().metrics, Contains("create"));
  EXPECT_EQ(RowOf(report, "create").change.pairs, 12 * comparisons);
}

TEST(CompareShims, WhatTheNewOneCannotDoIsNoSuccess) {
  Synthetic host(5);
  host.new_gaps["create"] = "Create: no such thing";
  const CompareReport report = host.Compare(kOptions);
  EXPECT_THAT(report.broken, ElementsAre("create"));
  EXPECT_THAT(CompareTable(report, kOptions), HasSubstr("create: new: Create: no such thing"));
}

TEST(CompareShims, AnInterruptLeavesWhatThereIs) {
  for (const int batches : {0, 1}) {
    Synthetic host(6);
    host.complete_batches = batches;
    host.factors["create"] = 1.5;
    const CompareReport report = host.Compare(kOptions);
    EXPECT_FALSE(report.complete);
    EXPECT_FALSE(report.result.complete);
    EXPECT_THAT(report.Regressions(), IsEmpty());
    EXPECT_EQ(static_cast<int>(host.requests.size()), batches + 1);
  }
}

// What the whole procedure is for: a hundred comparisons of a shim with itself, on hosts from calm
// to noisy, and hardly a false alarm; while a change of twice the margin is hardly missed on a calm
// one.
TEST(CompareShims, HardlyEverRaisesAFalseAlarm) {
  CompareOptions options = kOptions;
  options.metrics = {"boot", "pss-idle"};
  options.budget = std::chrono::seconds(10);
  int alarms = 0;
  for (int i = 0; i < 100; ++i) {
    Synthetic host(static_cast<std::uint64_t>(1000 + i));
    host.noise = std::vector<double>{0.005, 0.015, 0.03, 0.1}[static_cast<std::size_t>(i % 4)];
    alarms += !host.Compare(options).Regressions().empty();
  }
  EXPECT_LE(alarms, 1);
  int found = 0;
  for (int i = 0; i < 20; ++i) {
    Synthetic slower(static_cast<std::uint64_t>(i));
    slower.factors["boot"] = 1.10;
    found += !slower.Compare(options).Regressions().empty();
  }
  EXPECT_GE(found, 19);
}

}  // namespace
}  // namespace benchmarks
