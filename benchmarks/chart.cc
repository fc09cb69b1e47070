// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/chart.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include "benchmarks/chart_axis.h"
#include "benchmarks/chart_panels.h"
#include "benchmarks/statistics.h"

namespace benchmarks {
namespace {

constexpr double kMargin = 20;

struct Group {
  MetricKind kind;
  const char* heading;
};
constexpr Group kGroups[] = {
    {MetricKind::kTime, "Time"},
    {MetricKind::kThroughput, "Throughput"},
    {MetricKind::kMemory, "Memory and other holdings"},
    {MetricKind::kProxy, "Counts, which no noise of the host touches"},
};

constexpr char kPageStyle[] = R"(
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 960px; margin: 1rem auto;
  padding: 0 1rem; background: #ffffff; color: #1f2328; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
svg { width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
td, th { padding: .15rem .5rem; text-align: left; border-bottom: 1px solid #8884; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
dl { display: grid; grid-template-columns: 9rem 1fr; gap: .1rem; } dd { margin: 0;
  overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3; } }
)";

// Puts parts below each other.
class Column {
 public:
  void Add(const ChartPart& part) {
    if (part.height == 0) return;
    if (!heading_.empty()) {
      const ChartPart heading = DrawHeading(heading_);
      heading_.clear();
      Place(heading);
    }
    Place(part);
  }
  // Shown when a part follows.
  void Heading(const std::string& text) { heading_ = text; }

  [[nodiscard]] std::string Svg() const {
    const double width = kChartWidth + 2 * kMargin;
    const double height = top_ + kMargin;
    return absl::StrFormat(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
               "viewBox=\"0 0 %.0f %.0f\">\n<style>%s</style>\n"
               "<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n",
               width, height, width, height, kChartStyle) +
           body_ + "</svg>\n";
  }

 private:
  void Place(const ChartPart& part) {
    absl::StrAppendFormat(&body_, "<g transform=\"translate(%.0f %.0f)\">\n%s</g>\n", kMargin, top_,
                          part.svg);
    top_ += part.height;
  }

  std::string body_;
  std::string heading_;
  double top_ = kMargin;
};

void AddItem(absl::string_view name, const std::string& text, std::string& html) {
  absl::StrAppend(&html, "<dt>", name, "</dt><dd>", XmlEscaped(text), "</dd>\n");
}

std::string About(const BenchResult& result) {
  const HostFingerprint& host = result.host;
  std::string html = "<dl>\n";
  for (const Side& side : result.sides) {
    AddItem("shim",
            absl::StrCat(side.name, ": ", side.path, ", ", side.version, ", sha256 ",
                         side.sha256.substr(0, 16)),
            html);
  }
  AddItem("host",
          absl::StrCat(host.cpu_model, ", ", host.cpus, " CPUs, Linux ", host.kernel,
                       host.virtualised ? ", virtual" : "", ", cgroup ", host.cgroup_version),
          html);
  AddItem("configuration",
          absl::StrCat(ConfigurationKey(result.configuration), ", ", result.configuration.rounds,
                       " rounds, seed ", result.seed),
          html);
  if (!result.complete) AddItem("note", "interrupted: not everything was measured", html);
  return html + "</dl>\n";
}

void AddFigures(const Metric& metric, const BenchResult& result, std::string& rows) {
  for (std::size_t i = 0; i < result.sides.size(); ++i) {
    const Side& side = result.sides[i];
    const auto blocks = side.blocks.find(metric.name);
    if (blocks == side.blocks.end() || blocks->second.empty()) continue;
    std::vector<double> samples;
    for (const Block& block : blocks->second) {
      samples.insert(samples.end(), block.samples.begin(), block.samples.end());
    }
    absl::StrAppend(
        &rows, "<tr><td>", metric.name, "</td><td>", XmlEscaped(side.name), "</td><td class=\"n\">",
        FigureText(metric, FigureOf(metric, blocks->second, result.seed)), "</td><td class=\"n\">",
        ChartNumber(Quantile(samples, 0.1)), "</td><td class=\"n\">",
        ChartNumber(Quantile(samples, 0.9)), "</td><td class=\"n\">",
        ChartNumber(Quantile(samples, 0.99)), "</td><td class=\"n\">", samples.size(), " in ",
        blocks->second.size(), "</td><td>", RatioText(metric, result, i), "</td></tr>\n");
  }
}

}  // namespace

std::string ChartSvg(const BenchResult& result, const std::vector<Record>& history) {
  Column column;
  for (const Group& group : kGroups) {
    column.Heading(group.heading);
    for (const Metric& metric : AllMetrics()) {
      if (metric.kind == group.kind) column.Add(DrawSamples(metric, result));
    }
  }
  column.Heading("Over time");
  for (const Metric& metric : AllMetrics()) column.Add(DrawHistory(metric, history));
  return column.Svg();
}

std::string ChartPage(const BenchResult& result, const std::vector<Record>& history) {
  std::string rows;
  for (const Metric& metric : AllMetrics()) AddFigures(metric, result, rows);
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<title>shimgauge bench</title>\n<style>",
      kPageStyle, "</style></head><body>\n<h1>What the shims cost</h1>\n", About(result),
      "<p>Every dot is a sample (hollow: the hypervisor took time meanwhile), the band the middle "
      "half of them, the line the median of the blocks; figures are medians with the interval that "
      "holds them in 95 of 100 repetitions.</p>\n",
      ChartSvg(result, history),
      "<h2>Figures</h2>\n<table><thead><tr><th>metric</th><th>shim</th><th>median</th>"
      "<th>p10</th><th>p90</th><th>p99</th><th>samples in blocks</th><th>ratio</th></tr></thead>"
      "<tbody>\n",
      rows, "</tbody></table>\n</body></html>\n");
}

}  // namespace benchmarks
