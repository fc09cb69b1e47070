// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/measure.h"

#include <absl/strings/str_cat.h>
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <random>
#include <system_error>
#include <utility>

#include "base/status_macros.h"
#include "benchmarks/bench_world.h"
#include "benchmarks/inference.h"
#include "benchmarks/metric_groups.h"
#include "benchmarks/result_json.h"
#include "benchmarks/session.h"
#include "benchmarks/subject.h"

namespace benchmarks {
namespace {

// Binds this thread to the first CPU it may use. The others; nullopt with less than two.
std::optional<cpu_set_t> BindDriver() {
  cpu_set_t all;
  if (::sched_getaffinity(0, sizeof all, &all) != 0 || CPU_COUNT(&all) < 2) return std::nullopt;
  int first = 0;
  while (!CPU_ISSET(first, &all)) ++first;
  cpu_set_t own;
  CPU_ZERO(&own);
  CPU_SET(first, &own);
  if (::sched_setaffinity(0, sizeof own, &own) != 0) return std::nullopt;
  CPU_CLR(first, &all);
  return all;
}

class Run {
 public:
  Run(const MeasurePlan& plan, Interrupts& interrupts) : plan_(plan), interrupts_(interrupts) {
    result_.host = ReadHostFingerprint();
    setting_.fixtures = plan.fixtures;
    // A tracer tells the engine by the file that is executed.
    std::error_code error;
    setting_.engine = std::filesystem::canonical(plan.engine, error).string();
    if (plan.pinned) setting_.daemon = BindDriver();
    result_.configuration = {.engine = plan.engine_name,
                             .guest = "pause",
                             .rounds = plan.rounds,
                             .pinned = setting_.daemon.has_value()};
    result_.seed = plan.seed;
    for (const ShimProgram& shim : plan.shims) {
      result_.sides.push_back(
          {.name = shim.name, .path = shim.path, .sha256 = shim.sha256, .version = shim.version});
    }
  }

  BenchResult Do() {
    std::mt19937_64 random(plan_.seed);
    std::vector<std::size_t> order(plan_.shims.size());
    std::iota(order.begin(), order.end(), 0);
    for (int round = 0; round < plan_.rounds && result_.complete; ++round) {
      if (round % 2 == 0) {
        std::shuffle(order.begin(), order.end(), random);
      } else {
        std::reverse(order.begin(), order.end());
      }
      for (const MetricGroup& group : MetricGroups()) {
        if (Wanted(group).empty() || !result_.complete) continue;
        // A slope needs many cycles, not many rounds.
        if (group.measure == &MeasureGrowth && round > 0) continue;
        for (const std::size_t side : order) TakeBlock(group, side, round);
      }
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::vector<std::string> Wanted(const MetricGroup& group) const {
    std::vector<std::string> wanted;
    for (const char* metric : group.metrics) {
      if (std::find(plan_.metrics.begin(), plan_.metrics.end(), metric) != plan_.metrics.end()) {
        wanted.emplace_back(metric);
      }
    }
    return wanted;
  }

  void TakeBlock(const MetricGroup& group, std::size_t index, int round) {
    Side& side = result_.sides[index];
    std::vector<std::string> wanted = Wanted(group);
    wanted.erase(std::remove_if(wanted.begin(), wanted.end(),
                                [&](const auto& metric) { return side.gaps.count(metric) != 0; }),
                 wanted.end());
    if (wanted.empty() || !result_.complete) return;
    if (interrupts_.Seen()) {
      result_.complete = false;
      return;
    }
    if (plan_.progress) {
      plan_.progress(absl::StrCat("round ", round + 1, " of ", plan_.rounds, ": ", group.name,
                                  " of ", side.name));
    }
    const std::uint64_t stolen = StolenTicks();
    absl::StatusOr<BlockSamples> block = group.measure({.setting = setting_,
                                                        .shim = side.path,
                                                        .id = absl::StrCat("c", ++serial_),
                                                        .metrics = wanted,
                                                        .cycles = plan_.cycles,
                                                        .interrupt_fd = interrupts_.fd()});
    const bool disturbed = StolenTicks() != stolen;
    if (absl::IsCancelled(block.status())) {
      result_.complete = false;
      return;
    }
    for (const std::string& metric : wanted) Keep(metric, block, disturbed, side);
  }

  static void Keep(const std::string& metric, absl::StatusOr<BlockSamples>& block, bool disturbed,
                   Side& side) {
    if (!block.ok()) {
      side.gaps[metric] = std::string(block.status().message());
      return;
    }
    if (const auto gap = block->gaps.find(metric); gap != block->gaps.end()) {
      side.gaps[metric] = gap->second;
    }
    if (const auto found = block->samples.find(metric); found != block->samples.end()) {
      side.blocks[metric].push_back({.samples = std::move(found->second), .disturbed = disturbed});
    } else if (const auto series = block->series.find(metric); series != block->series.end()) {
      const Estimate slope = SlopeEstimate(series->second.x, series->second.y);
      side.blocks[metric].push_back({.samples = {1000 * slope.value}, .disturbed = disturbed});
      side.series[metric] = std::move(series->second);
    } else {
      side.gaps.emplace(metric, "not reached, since something before it failed");
    }
  }

  const MeasurePlan& plan_;
  Interrupts& interrupts_;
  SessionSetting setting_;
  BenchResult result_;
  int serial_ = 0;
};

}  // namespace

absl::StatusOr<BenchResult> Measure(const MeasurePlan& plan, Interrupts& interrupts) {
  ASSIGN_OR_RETURN(const std::string json,
                   RunInWorld(interrupts, [&]() -> absl::StatusOr<std::string> {
                     return ResultToJson(Run(plan, interrupts).Do());
                   }));
  return ResultFromJson(json);
}

}  // namespace benchmarks
