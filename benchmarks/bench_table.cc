// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/bench_table.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <vector>

#include "benchmarks/inference.h"

namespace benchmarks {
namespace {

constexpr double kKib = 1024;

// Code points, each taken as one column.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// Columns padded to the widest cell; the first `left` and the last flush left, the others right.
std::string Align(const std::vector<std::vector<std::string>>& rows, std::size_t left_columns) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - Width(row[i]), ' ');
      const bool left = i < left_columns || i + 1 == widths.size();
      absl::StrAppend(&line, i == 0 ? "" : "  ", left ? row[i] + space : space + row[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

std::string Digits(double value) {
  const double size = std::abs(value);
  if (size >= 100 || value == std::floor(value)) return absl::StrFormat("%.0f", value);
  if (size >= 10) return absl::StrFormat("%.1f", value);
  return size >= 1 ? absl::StrFormat("%.2f", value) : absl::StrFormat("%.3g", value);
}

std::string Interval(const Estimate& estimate, absl::string_view unit) {
  return absl::StrCat("[", FormatValue(estimate.low, unit), ", ", FormatValue(estimate.high, unit),
                      "]");
}

std::string ChangeInterval(const Estimate& ratio) {
  return absl::StrFormat("[%+.1f, %+.1f]", 100 * (ratio.low - 1), 100 * (ratio.high - 1));
}

// The median over blocks of what stands for each.
Estimate SideEstimate(const Metric& metric, const std::vector<Block>& blocks, std::uint64_t seed) {
  std::vector<double> pooled;
  std::vector<double> figures;
  for (const Block& block : blocks) {
    pooled.insert(pooled.end(), block.samples.begin(), block.samples.end());
    figures.push_back(Quantile(block.samples, metric.quantile));
  }
  // Tails need every sample; the interval of a quantile says how many there were.
  if (metric.quantile != 0.5) return QuantileEstimate(std::move(pooled), metric.quantile);
  return MedianEstimate(figures, seed);
}

std::string JudgementText(const CompareRow& row, const CompareOptions& options) {
  if (!row.gates) {
    return absl::StrFormat("not judged: a shim against itself shows ±%.1f %%", 100 * row.noise);
  }
  if (row.refuted) return "undecided: looked regressed, a second batch did not find it";
  if (row.judgement == Judgement::kRegressed && row.confirmed) {
    return absl::StrFormat("REGRESSED (confirmed, %d + %d blocks)", row.change.pairs,
                           row.confirming_pairs);
  }
  if (row.judgement == Judgement::kRegressed) return "regressed, not confirmed";
  if (row.judgement == Judgement::kUndecided) {
    return absl::StrCat("undecided → ", options.rounds, " more blocks suggested");
  }
  return std::string(JudgementName(row.judgement));
}

// Which kinds of metrics are too noisy on this host.
std::string NoiseSentence(const CompareReport& report, const CompareOptions& options) {
  double worst = 0;
  int gating = 0;
  int refused = 0;
  for (const CompareRow& row : report.rows) {
    if (row.metric->kind == MetricKind::kProxy) continue;
    worst = std::max(worst, row.noise);
    (row.gates ? gating : refused) += 1;
  }
  if (gating + refused == 0) return "";
  const std::string margin = absl::StrFormat("%.3g %%", 100 * options.margin);
  const std::string noise = absl::StrFormat("±%.1f %%", 100 * worst);
  if (refused == 0) {
    return absl::StrCat("A/A check: at most ", noise, " at δ = ", margin,
                        " → wall clock and memory may gate\n");
  }
  return absl::StrCat("A/A check: up to ", noise, " at δ = ", margin, " → host too noisy for ",
                      refused, " of ", gating + refused, " times, throughputs and memory figures",
                      gating == 0 ? "; only proxies gate\n" : "; the others and proxies gate\n");
}

}  // namespace

std::string FormatValue(double value, absl::string_view unit) {
  if (std::isnan(value)) return "–";
  if (unit == "ms" && std::abs(value) < 0.1) return absl::StrCat(Digits(value * 1000), " µs");
  if (unit == "KiB" && std::abs(value) >= 10 * kKib)
    return absl::StrCat(Digits(value / kKib), " MiB");
  return unit.empty() ? Digits(value) : absl::StrCat(Digits(value), " ", unit);
}

std::string FormatChange(double ratio) {
  const double percent = 100 * (ratio - 1);
  return std::abs(percent) < 0.05 ? "0.0 %" : absl::StrFormat("%+.1f %%", percent);
}

std::string DescribeRun(const BenchResult& result) {
  const HostFingerprint& host = result.host;
  const Configuration& configuration = result.configuration;
  std::string text = absl::StrFormat(
      "Host: %s, %d CPUs%s, %.1f GiB, Linux %s, cgroup %s. Engine: %s.%s\n", host.cpu_model,
      host.cpus, host.virtualised ? " (virtual)" : "",
      static_cast<double>(host.memory_bytes) / kKib / kKib / kKib, host.kernel, host.cgroup_version,
      configuration.engine, configuration.pinned ? " Driver and shims on fixed CPUs." : "");
  if (result.driver_call_ms > 0) {
    absl::StrAppend(&text, "Of every call, ", FormatValue(result.driver_call_ms, "ms"),
                    " are the driver's own (measured against a server that does nothing).\n");
  }
  std::size_t blocks = 0;
  std::size_t disturbed = 0;
  for (const Side& side : result.sides) {
    for (const auto& [metric, list] : side.blocks) {
      blocks += list.size();
      disturbed += static_cast<std::size_t>(
          std::count_if(list.begin(), list.end(), [](const Block& b) { return b.disturbed; }));
    }
  }
  if (disturbed > 0) {
    absl::StrAppend(&text, "The hypervisor took CPU time during ", disturbed, " of ", blocks,
                    " blocks.\n");
  }
  if (!result.complete) absl::StrAppend(&text, "INTERRUPTED: not all was measured.\n");
  return text;
}

std::map<std::string, std::vector<std::string>> MetricsByReason(
    const std::map<std::string, std::string>& gaps) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const auto& [metric, why] : gaps) by_reason[why].push_back(metric);
  return by_reason;
}

std::string GapTable(const std::map<std::string, std::string>& gaps, const std::string& head) {
  if (gaps.empty()) return "";
  std::string text = head + "\n";
  for (const auto& [why, metrics] : MetricsByReason(gaps)) {
    absl::StrAppend(&text, "  ", absl::StrJoin(metrics, ", "), ": ", why, "\n");
  }
  return text;
}

std::string RunTable(const BenchResult& result) {
  const bool many = result.sides.size() > 1;
  std::vector<std::vector<std::string>> rows = {
      {"metric", "shim", "median", "95 % interval", many ? "against the first" : ""}};
  for (const Metric& metric : AllMetrics()) {
    for (const Side& side : result.sides) {
      const auto found = side.blocks.find(metric.name);
      if (found == side.blocks.end()) continue;
      Estimate estimate = SideEstimate(metric, found->second, result.seed);
      if (const auto series = side.series.find(metric.name); series != side.series.end()) {
        estimate = SlopeEstimate(series->second.x, series->second.y);
        estimate = {1000 * estimate.value, 1000 * estimate.low, 1000 * estimate.high};
      }
      std::string against;
      const auto first = result.sides[0].blocks.find(metric.name);
      if (&side != &result.sides[0] && first != result.sides[0].blocks.end() &&
          side.series.count(metric.name) == 0) {
        const auto change = ComparePaired(metric, first->second, found->second, 0, result.seed);
        if (change) {
          against = absl::StrFormat("× %.2f [%.2f, %.2f]", change->ratio.value, change->ratio.low,
                                    change->ratio.high);
        }
      }
      rows.push_back({metric.name, side.name, FormatValue(estimate.value, metric.unit),
                      Interval(estimate, metric.unit), against});
    }
  }
  std::string text = Align(rows, 2);
  for (const Side& side : result.sides) {
    absl::StrAppend(&text, GapTable(side.gaps, "Not measured of " + side.name + ":"));
  }
  return text;
}

std::string CompareTable(const CompareReport& report, const CompareOptions& options) {
  std::vector<std::vector<std::string>> rows = {
      {"metric", "old", "new", "change", "shift", "95 % interval", "verdict"}};
  for (const CompareRow& row : report.rows) {
    const PairedChange& change = row.change;
    rows.push_back({row.metric->name, FormatValue(change.before, row.metric->unit),
                    FormatValue(change.after, row.metric->unit), FormatChange(change.ratio.value),
                    FormatValue(change.shift, row.metric->unit), ChangeInterval(change.ratio),
                    JudgementText(row, options)});
  }
  std::string text = Align(rows, 1);
  absl::StrAppend(&text, NoiseSentence(report, options), GapTable(report.gaps, "Not compared:"));
  return text;
}

}  // namespace benchmarks
