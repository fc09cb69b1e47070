// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/tasks/sample_table.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>

#include "benchmarks/statistics.h"

namespace benchmarks::tasks {

void SampleTable::Add(const std::string& figure, const std::string& side, double value) {
  std::vector<double>& samples = samples_[figure][side];
  if (samples.empty()) order_.push_back({.figure = figure, .side = side});
  samples.push_back(value);
}

const std::vector<double>& SampleTable::Samples(const std::string& figure,
                                                const std::string& side) const {
  static const std::vector<double> kNone;  // nothing to destroy that anybody would miss
  const auto sides = samples_.find(figure);
  if (sides == samples_.end()) return kNone;
  const auto found = sides->second.find(side);
  return found == sides->second.end() ? kNone : found->second;
}

std::string SampleTable::Compared(const Row& row, const Comparison& comparison) const {
  const std::vector<double>& other = Samples(row.figure, comparison.side);
  if (other.empty() || row.side == comparison.side) return "–";
  const std::vector<double>& own = Samples(row.figure, row.side);
  const int decimals = comparison.difference ? decimals_ : 2;
  const Estimate estimate =
      comparison.difference ? PairedDifference(own, other, seed_) : PairedRatio(own, other, seed_);
  return comparison.difference ? absl::StrFormat("%+.*f [%+.*f, %+.*f]", decimals, estimate.value,
                                                 decimals, estimate.low, decimals, estimate.high)
                               : absl::StrFormat("× %.*f [%.*f, %.*f]", decimals, estimate.value,
                                                 decimals, estimate.low, decimals, estimate.high);
}

std::string SampleTable::Markdown(const Comparison& comparison) const {
  std::vector<Row> rows = order_;
  // Rows of one figure together; figures as they came.
  std::vector<std::string> figures;
  for (const Row& row : order_) {
    if (std::find(figures.begin(), figures.end(), row.figure) == figures.end()) {
      figures.push_back(row.figure);
    }
  }
  const auto place = [&](const Row& row) {
    return std::find(figures.begin(), figures.end(), row.figure) - figures.begin();
  };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Row& a, const Row& b) { return place(a) < place(b); });
  const bool compares = !comparison.side.empty();
  std::string text = absl::StrCat("| figure (", unit_, ") | side | min | p50 | 95 % of p50 | p90 |",
                                  compares ? absl::StrCat(" against ", comparison.side, " |") : "",
                                  "\n|---|---|---|---|---|---|", compares ? "---|\n" : "\n");
  for (const Row& row : rows) {
    const std::vector<double>& own = Samples(row.figure, row.side);
    const Estimate median = MedianEstimate(own, seed_);
    absl::StrAppendFormat(&text, "| %s | %s | %.*f | %.*f | %.*f – %.*f | %.*f |", row.figure,
                          row.side, decimals_, Quantile(own, 0), decimals_, median.value, decimals_,
                          median.low, decimals_, median.high, decimals_, Quantile(own, 0.9));
    absl::StrAppend(&text, compares ? absl::StrCat(" ", Compared(row, comparison), " |") : "",
                    "\n");
  }
  return text;
}

}  // namespace benchmarks::tasks
