// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/compare_run.h"

#include <utility>

#include "base/status_macros.h"

namespace benchmarks {

absl::StatusOr<CompareReport> CompareHere(MeasurePlan plan, const CompareOptions& options,
                                          Interrupts& interrupts) {
  if (plan.shims.size() != 2) return absl::InvalidArgumentError("two shims are compared");
  const std::vector<ShimProgram> shims = std::move(plan.shims);
  ASSIGN_OR_RETURN(const double driver, MeasureDriver(interrupts));
  const MeasureBatch batch = [&](const BatchRequest& request) {
    plan.shims = {shims[0], shims[request.same ? 0 : 1]};
    if (request.same) plan.shims[1].name += " again";
    plan.metrics = request.metrics;
    plan.rounds = request.rounds;
    plan.seed = request.seed;
    return Measure(plan, interrupts);
  };
  ASSIGN_OR_RETURN(CompareReport report,
                   CompareShims(options, batch, [] { return std::chrono::steady_clock::now(); }));
  report.result.driver_call_ms = driver;
  report.result.seed = options.seed;
  report.result.configuration.rounds = options.rounds;
  // Interrupted early, the second one is still the old one again.
  for (std::size_t i = 0; i < report.result.sides.size(); ++i) {
    Side& side = report.result.sides[i];
    side.name = shims[i].name;
    side.path = shims[i].path;
    side.sha256 = shims[i].sha256;
    side.version = shims[i].version;
  }
  return report;
}

}  // namespace benchmarks
