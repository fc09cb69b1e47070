// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/gate.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "benchmarks/bench_table.h"
#include "benchmarks/change_points.h"
#include "benchmarks/process_cost.h"
#include "benchmarks/statistics.h"

namespace benchmarks {
namespace {

constexpr double kFenceRanges = 3;  // as many interquartile ranges beyond the third quartile

// The values since the last change of level, the last `last` of them.
std::vector<double> PresentLevel(std::vector<double> values, std::size_t last) {
  const std::vector<ChangePoint> changes = FindChangePoints(values);
  std::size_t begin = changes.empty() ? 0 : changes.back().index;
  if (values.size() - begin > last) begin = values.size() - last;
  values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(begin));
  return values;
}

// Of `to` against `from` as a logarithm, so that halving weighs as much as doubling. Counts may be
// zero; NaN where nothing can be said.
double LogChange(double to, double from) {
  if (to == from) return 0;
  if (from == 0 && to > 0) return HUGE_VAL;
  if (to == 0 && from > 0) return -HUGE_VAL;
  return to > 0 && from > 0 ? std::log(to / from) : std::nan("");
}

double Share(double log_change) { return std::expm1(log_change); }

double Fence(const std::vector<double>& values, double middle, double margin) {
  std::vector<double> distances;
  for (const double value : values) distances.push_back(std::abs(LogChange(value, middle)));
  const double third = Quantile(distances, 0.75);
  const double fence = third + kFenceRanges * (third - Quantile(distances, 0.25));
  return std::isfinite(fence) ? std::max(fence, std::log1p(margin)) : HUGE_VAL;
}

GateVerdict Decide(const Metric& metric, double low, double high, double fence) {
  const bool more = low > fence;
  const bool less = high < -fence;
  if (more || less) {
    return more == metric.lower_is_better ? GateVerdict::kRegressed : GateVerdict::kImproved;
  }
  return low >= -fence && high <= fence ? GateVerdict::kEqual : GateVerdict::kUndecided;
}

GateRow Judge(const Metric& metric, const std::vector<double>& level, const Estimate& now,
              const GateOptions& options) {
  GateRow row{.metric = &metric, .runs = level.size(), .now = now.value};
  row.baseline = Median(level);
  const double low = LogChange(now.low, row.baseline);
  const double high = LogChange(now.high, row.baseline);
  const double fence = Fence(level, row.baseline, options.margin);
  row.change = Share(LogChange(now.value, row.baseline));
  row.low = Share(low);
  row.high = Share(high);
  row.fence = Share(fence);
  if (std::isnan(low) || std::isnan(high)) {
    row.why = "no ratio of values below zero";
  } else if (metric.kind != MetricKind::kProxy && level.size() < options.fewest) {
    row.why = absl::StrCat(level.size(), " runs at this level in the baseline, ", options.fewest,
                           " needed");
  } else {
    row.verdict = Decide(metric, low, high, fence);
    if (row.verdict == GateVerdict::kUndecided) row.why = "its interval reaches across the fence";
  }
  return row;
}

std::string Value(double value) {
  const double size = std::abs(value);
  const int digits = size >= 100 || value == std::floor(value) ? 0 : size >= 1 ? 2 : 4;
  return absl::StrFormat("%.*f", digits, value);
}

std::string Percent(double share) {
  return std::isfinite(share) ? absl::StrFormat("%+.1f", 100 * share) : share > 0 ? "+\u221e" : "?";
}

}  // namespace

absl::string_view GateVerdictName(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kRegressed:
      return "REGRESSED";
    case GateVerdict::kUndecided:
      return "undecided";
    case GateVerdict::kImproved:
      return "improved";
    case GateVerdict::kEqual:
      return "equal";
  }
  return "undecided";
}

std::vector<GateRow> Gate(const std::vector<Record>& baseline, const Record& now,
                          const GateOptions& options) {
  std::vector<GateRow> rows;
  for (const Metric& metric : AllMetrics()) {
    const auto measured = now.figures.find(metric.name);
    if (measured == now.figures.end()) continue;
    std::vector<double> values;
    for (const Record& record : baseline) {
      const auto found = record.figures.find(metric.name);
      if (found != record.figures.end()) values.push_back(found->second.value);
    }
    if (values.empty()) continue;
    rows.push_back(
        Judge(metric, PresentLevel(std::move(values), options.last), measured->second, options));
  }
  return rows;
}

NotMeasured BrokenMetrics(const std::vector<Record>& baseline, const NotMeasured& gaps) {
  NotMeasured broken;
  for (const auto& gap : gaps) {
    if (absl::StartsWith(gap.second, kNoCounter)) continue;
    const bool known = std::any_of(baseline.begin(), baseline.end(), [&gap](const Record& record) {
      return record.figures.count(gap.first) != 0;
    });
    if (known) broken.insert(gap);
  }
  return broken;
}

std::string BrokenSentence(const NotMeasured& broken) {
  if (broken.empty()) return "";
  std::vector<std::string> parts;
  for (const auto& [why, metrics] : MetricsByReason(broken)) {
    parts.push_back(absl::StrCat(absl::StrJoin(metrics, ", "), " (", why, ")"));
  }
  return absl::StrCat("The shim fails where the baseline does not: ", absl::StrJoin(parts, "; "),
                      "\n");
}

absl::StatusOr<std::vector<Record>> ComparableRuns(const std::vector<Record>& history,
                                                   const Record& now, bool any_host) {
  std::vector<Record> runs;
  std::set<std::string> hosts;
  std::set<std::string> configurations;
  for (const Record& record : history) {
    const bool configured = record.configuration == now.configuration;
    if (configured && (any_host || record.host == now.host)) runs.push_back(record);
    if (configured) hosts.insert(record.host);
    configurations.insert(record.configuration);
  }
  if (!runs.empty()) return runs;
  if (!hosts.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the baseline is of another host: it has ", *hosts.begin(),
                     hosts.size() > 1 ? " and others" : "", ", this is ", now.host,
                     "; figures of different hosts are not comparable (--any-host compares them)"));
  }
  if (!configurations.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the baseline is of another configuration: it has '", *configurations.begin(),
                     "', this run is '", now.configuration, "'"));
  }
  return absl::FailedPreconditionError("the baseline has no runs; --update begins one");
}

std::vector<GateRow> Confirm(std::vector<GateRow> first, const std::vector<GateRow>& second) {
  for (GateRow& row : first) {
    if (row.verdict != GateVerdict::kRegressed) continue;
    const auto again = std::find_if(second.begin(), second.end(), [&row](const GateRow& other) {
      return other.metric == row.metric;
    });
    if (again != second.end() && again->verdict == GateVerdict::kRegressed) continue;
    row.verdict = GateVerdict::kUndecided;
    row.why = again == second.end()
                  ? "not measured a second time"
                  : absl::StrCat("a second batch found ", Percent(again->change), " %");
  }
  return first;
}

std::string GateTable(const std::vector<GateRow>& rows) {
  std::string table = absl::StrFormat("%-18s %12s %12s %9s  %-18s %9s  %s\n", "metric", "baseline",
                                      "now", "change %", "95 % interval", "fence %", "verdict");
  for (const GateRow& row : rows) {
    const std::string unit = row.metric->unit.empty() ? "" : absl::StrCat(" ", row.metric->unit);
    absl::StrAppendFormat(&table, "%-18s %12s %12s %9s  %-18s %9s  %s%s\n", row.metric->name,
                          Value(row.baseline) + unit, Value(row.now) + unit, Percent(row.change),
                          absl::StrCat("[", Percent(row.low), ", ", Percent(row.high), "]"),
                          std::isfinite(row.fence) ? absl::StrFormat("%.1f", 100 * row.fence) : "-",
                          GateVerdictName(row.verdict),
                          row.why.empty() ? "" : absl::StrCat(": ", row.why));
  }
  return table;
}

}  // namespace benchmarks
