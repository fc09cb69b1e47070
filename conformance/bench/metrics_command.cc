// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "benchmarks/metric.h"
#include "conformance/bench/bench_command.h"

namespace conformance {

CommandAction DefineBenchMetrics(CLI::App& app) {
  app.footer(
      "\nOne line per metric: name, kind, unit, meaning. Proxies are counted, not timed: a noisy\n"
      "host does not spoil them. The names are what --metric takes and result files hold.");
  return [] {
    for (const benchmarks::Metric& metric : benchmarks::AllMetrics()) {
      std::fputs(absl::StrFormat("%-18s%-12s%-10s%s\n", metric.name,
                                 benchmarks::MetricKindName(metric.kind), metric.unit, metric.about)
                     .c_str(),
                 stdout);
    }
    return 0;
  };
}

}  // namespace conformance
