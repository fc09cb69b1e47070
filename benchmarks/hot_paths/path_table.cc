// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/hot_paths/path_table.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "benchmarks/statistics.h"

namespace benchmarks {
namespace {

constexpr char kOurs[] = "ours";

std::string Duration(double seconds) {
  if (seconds < 1e-6) return absl::StrFormat("%.1f ns", seconds * 1e9);
  if (seconds < 1e-3) return absl::StrFormat("%.2f µs", seconds * 1e6);
  return absl::StrFormat("%.3f ms", seconds * 1e3);
}

// What is moved or handled per second where that is what an iteration is about.
std::string Figure(const PathTable::Sample& of, double seconds) {
  if (of.bytes > 0) return absl::StrFormat("%.0f MB/s", of.bytes / seconds / 1e6);
  if (of.items > 0) return absl::StrFormat("%.0f /s", of.items / seconds);
  return Duration(seconds);
}

std::vector<double> Seconds(const PathTable::Samples& samples) {
  std::vector<double> seconds;
  seconds.reserve(samples.size());
  for (const PathTable::Sample& sample : samples) seconds.push_back(sample.seconds);
  return seconds;
}

// Of two rows as many repetitions as both have.
std::string Comparison(std::vector<double> row, std::vector<double> ours, unsigned seed) {
  const std::size_t pairs = std::min(row.size(), ours.size());
  row.resize(pairs);
  ours.resize(pairs);
  const Estimate ratio = PairedRatio(ours, row, seed);
  return absl::StrFormat("%.2f [%.2f, %.2f]", ratio.value, ratio.low, ratio.high);
}

// `ours`: what to compare with, nullptr: nothing.
void AppendRow(const std::string& path, const std::pair<const std::string, PathTable::Samples>& row,
               const PathTable::Samples* ours, unsigned seed, std::string* text) {
  const std::string& name = row.first;
  const PathTable::Samples& samples = row.second;
  const std::vector<double> seconds = Seconds(samples);
  const auto figure = [&](double value) { return Figure(samples.front(), value); };
  absl::StrAppend(text, "| ", path, " | ", name, " | ", figure(Median(seconds)), " | ",
                  figure(Quantile(seconds, 0.1)), " | ", figure(Quantile(seconds, 0.9)), " | ",
                  ours != nullptr ? Comparison(seconds, Seconds(*ours), seed) : "–", " |\n");
}

}  // namespace

void PathTable::Add(const std::string& name, const Sample& sample) {
  const std::size_t slash = name.find('/');
  const std::string row = slash == std::string::npos ? kOurs : name.substr(slash + 1);
  paths_[name.substr(0, slash)][row].push_back(sample);
}

std::string PathTable::Markdown(unsigned seed) const {
  std::string text =
      "| path | row | median | p10 | p90 | time of ours / row |\n|---|---|---|---|---|---|\n";
  for (const auto& [path, rows] : paths_) {
    const auto ours = rows.find(kOurs);
    if (ours != rows.end()) AppendRow(path, *ours, nullptr, seed, &text);
    for (const auto& row : rows) {
      if (row.first == kOurs) continue;
      AppendRow(path, row, ours != rows.end() ? &ours->second : nullptr, seed, &text);
    }
  }
  return text;
}

}  // namespace benchmarks
