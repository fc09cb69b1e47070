// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/history_table.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <cmath>

#include "benchmarks/change_points.h"
#include "benchmarks/chart_panels.h"

namespace benchmarks {
namespace {

constexpr std::size_t kCourse = 32;  // runs that the line of blocks shows, the latest

// One block per value, between the least and the greatest of them.
std::string Course(std::vector<double> values) {
  static constexpr const char* kBlocks[] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                            "\u2585", "\u2586", "\u2587", "\u2588"};
  if (values.size() > kCourse) values.erase(values.begin(), values.end() - kCourse);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  std::string line;
  for (const double value : values) {
    const double place = *high == *low ? 0 : (value - *low) / (*high - *low);
    line += kBlocks[std::lround(place * 7)];
  }
  return line + std::string(kCourse - values.size(), ' ');
}

std::string Changes(const std::vector<double>& values, const std::vector<const Record*>& records) {
  std::string text;
  for (const ChangePoint& change : FindChangePoints(values)) {
    const Record& record = *records[change.index];
    const std::string by =
        change.before == 0 ? absl::StrFormat("to %.4g", change.after)
                           : absl::StrFormat("%+.1f %%", 100 * (change.after / change.before - 1));
    absl::StrAppend(&text, text.empty() ? "" : ", ", by, " at ",
                    record.commit.empty() ? record.time : record.commit.substr(0, 10));
  }
  return text.empty() ? "no change" : text;
}

std::string Line(const Metric& metric, const std::vector<Record>& runs) {
  std::vector<double> values;
  std::vector<const Record*> records;
  for (const Record& run : runs) {
    const auto figure = run.figures.find(metric.name);
    if (figure == run.figures.end()) continue;
    values.push_back(figure->second.value);
    records.push_back(&run);
  }
  if (values.empty()) return "";
  return absl::StrFormat("%-18s %5d  %-28s %s  %s\n", metric.name, values.size(),
                         FigureText(metric, records.back()->figures.at(metric.name)),
                         Course(values), Changes(values, records));
}

}  // namespace

std::vector<HistoryGroup> GroupHistory(const std::vector<Record>& history) {
  std::vector<HistoryGroup> groups;
  for (const Record& run : history) {
    auto group = std::find_if(groups.begin(), groups.end(), [&run](const HistoryGroup& one) {
      return one.host == run.host && one.configuration == run.configuration && one.shim == run.shim;
    });
    if (group == groups.end()) {
      groups.push_back({run.host, run.configuration, run.shim, {}});
      group = groups.end() - 1;
    }
    group->runs.push_back(run);
  }
  return groups;
}

std::string HistoryTable(const std::vector<Record>& history,
                         const std::vector<std::string>& metrics) {
  std::string text;
  for (const HistoryGroup& group : GroupHistory(history)) {
    std::string lines;
    for (const std::string& name : metrics) {
      const Metric* const metric = FindMetric(name);
      if (metric != nullptr) lines += Line(*metric, group.runs);
    }
    if (lines.empty()) continue;
    absl::StrAppend(&text, text.empty() ? "" : "\n", group.shim, " on ", group.host, " (",
                    group.configuration, ")\n");
    absl::StrAppendFormat(&text, "%-18s %5s  %-28s %-*s  %s\n", "metric", "runs", "now",
                          static_cast<int>(kCourse), "course", "changes of level");
    text += lines;
  }
  return text;
}

}  // namespace benchmarks
