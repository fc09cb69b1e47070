// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/export.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_replace.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "benchmarks/chart.h"

namespace benchmarks {
namespace {

using Json = nlohmann::ordered_json;
using History = std::vector<Record>;

std::string Dump(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

using Visit = std::function<void(const Metric&, const Side&, const std::vector<Block>&)>;

// Every metric of every side that was measured, in the order of AllMetrics().
void ForEach(const BenchResult& result, const Visit& visit) {
  for (const Metric& metric : AllMetrics()) {
    for (const Side& side : result.sides) {
      const auto blocks = side.blocks.find(metric.name);
      if (blocks != side.blocks.end() && !blocks->second.empty()) {
        visit(metric, side, blocks->second);
      }
    }
  }
}

// An entry of Google Benchmark's list. What is no time is a user counter of an entry without time.
Json GoogleEntry(const Metric& metric, const Side& side, double value, std::size_t index,
                 std::size_t count) {
  const std::string name = absl::StrCat(metric.name, "/", side.name);
  const bool time = metric.kind == MetricKind::kTime;
  Json entry = {{"name", name},
                {"family_index", 0},
                {"per_family_instance_index", 0},
                {"run_name", name},
                {"run_type", "iteration"},
                {"repetitions", count},
                {"repetition_index", index},
                {"threads", 1},
                {"iterations", 1},
                {"real_time", time ? value : 0.0},
                {"cpu_time", time ? value : 0.0},
                {"time_unit", "ms"}};
  if (!time) entry[metric.name] = value;
  return entry;
}

// What `compare.py benchmarks a.json b.json` reads: a repetition per block, so that its test for
// significance has samples.
std::string GoogleBenchmark(const BenchResult& result, const History& /*history*/) {
  Json entries = Json::array();
  ForEach(result,
          [&entries](const Metric& metric, const Side& side, const std::vector<Block>& blocks) {
            const std::vector<double> values = BlockValues(metric, blocks);
            for (std::size_t i = 0; i < values.size(); ++i) {
              entries.push_back(GoogleEntry(metric, side, values[i], i, values.size()));
            }
          });
  const Json context = {{"host_name", HostKey(result.host)}, {"executable", "shimgauge bench"},
                        {"num_cpus", result.host.cpus},      {"mhz_per_cpu", 0},
                        {"cpu_scaling_enabled", false},      {"caches", Json::array()},
                        {"load_avg", Json::array()},         {"library_build_type", "release"}};
  return Dump({{"context", context}, {"benchmarks", entries}});
}

// github-action-benchmark takes one list for what is better smaller and one for what is better
// bigger.
std::string Action(const BenchResult& result, bool smaller) {
  Json list = Json::array();
  ForEach(result, [&](const Metric& metric, const Side& side, const std::vector<Block>& blocks) {
    if (metric.lower_is_better != smaller) return;
    const Estimate figure = FigureOf(metric, blocks, result.seed);
    list.push_back({{"name", absl::StrCat(metric.name, " (", side.name, ")")},
                    {"unit", metric.unit.empty() ? "count" : metric.unit},
                    {"value", figure.value},
                    {"range", absl::StrFormat("%.6g to %.6g", figure.low, figure.high)},
                    {"extra", absl::StrCat(metric.about, "; sha256 ", side.sha256)}});
  });
  return Dump(list);
}

std::string ActionSmaller(const BenchResult& result, const History& /*history*/) {
  return Action(result, true);
}

std::string ActionBigger(const BenchResult& result, const History& /*history*/) {
  return Action(result, false);
}

// Base units, as OpenMetrics asks for.
struct BaseUnit {
  std::string name;
  double factor = 1;
};

BaseUnit BaseUnitOf(const Metric& metric) {
  if (metric.unit == "ms") return {"seconds", 1e-3};
  if (metric.unit == "KiB") return {"bytes", 1024};
  if (metric.unit == "B") return {"bytes", 1};
  if (metric.unit == "1/s") return {"per_second", 1};
  if (metric.unit == "KiB/1000") return {"bytes_per_cycle", 1.024};
  return {};
}

std::string LabelValue(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}});
}

std::string OpenMetrics(const BenchResult& result, const History& /*history*/) {
  std::string text;
  const Metric* last = nullptr;
  ForEach(result, [&](const Metric& metric, const Side& side, const std::vector<Block>& blocks) {
    const BaseUnit unit = BaseUnitOf(metric);
    const std::string family =
        absl::StrCat("shimgauge_", absl::StrReplaceAll(metric.name, {{"-", "_"}}),
                     unit.name.empty() ? "" : "_", unit.name);
    if (last != &metric) {
      absl::StrAppend(&text, "# TYPE ", family, " gauge\n");
      if (!unit.name.empty()) absl::StrAppend(&text, "# UNIT ", family, " ", unit.name, "\n");
      absl::StrAppend(&text, "# HELP ", family, " ", LabelValue(metric.about), "\n");
      last = &metric;
    }
    const Estimate figure = FigureOf(metric, blocks, result.seed);
    const std::pair<const char*, double> stats[] = {
        {"median", figure.value}, {"low", figure.low}, {"high", figure.high}};
    for (const auto& [stat, value] : stats) {
      absl::StrAppendFormat(
          &text,
          "%s{shim=\"%s\",sha256=\"%s\",host=\"%s\",configuration=\"%s\",stat=\"%s\"} %.9g\n",
          family, LabelValue(side.name), LabelValue(side.sha256), LabelValue(HostKey(result.host)),
          LabelValue(ConfigurationKey(result.configuration)), stat, value * unit.factor);
    }
  });
  return text + "# EOF\n";
}

// RFC 4180.
std::string Field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

std::string Csv(const BenchResult& result, const History& /*history*/) {
  std::string text = "metric,kind,unit,shim,block,disturbed,sample,value\r\n";
  ForEach(
      result, [&text](const Metric& metric, const Side& side, const std::vector<Block>& blocks) {
        for (std::size_t block = 0; block < blocks.size(); ++block) {
          for (std::size_t i = 0; i < blocks[block].samples.size(); ++i) {
            absl::StrAppendFormat(&text, "%s,%s,%s,%s,%d,%s,%d,%.9g\r\n", metric.name,
                                  MetricKindName(metric.kind), Field(metric.unit), Field(side.name),
                                  block, blocks[block].disturbed ? "true" : "false", i,
                                  blocks[block].samples[i]);
          }
        }
      });
  return text;
}

}  // namespace

const std::vector<ExportFormat>& ExportFormats() {
  static const std::vector<ExportFormat> formats = {
      {"google-benchmark", "JSON as Google Benchmark writes, for its compare.py", &GoogleBenchmark},
      {"action-smaller", "github-action-benchmark, customSmallerIsBetter", &ActionSmaller},
      {"action-bigger", "github-action-benchmark, customBiggerIsBetter: throughput", &ActionBigger},
      {"openmetrics", "OpenMetrics text, for Prometheus and others", &OpenMetrics},
      {"csv", "every sample, a line each", &Csv},
      {"html", "a page with distributions and history, without anything from elsewhere",
       &ChartPage},
      {"svg", "the picture of that page alone", &ChartSvg},
  };
  return formats;
}

const ExportFormat* FindExportFormat(absl::string_view name) {
  for (const ExportFormat& format : ExportFormats()) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

}  // namespace benchmarks
