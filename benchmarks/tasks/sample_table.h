// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace benchmarks::tasks {

// Samples of several sides for several figures, taken in rounds: the n-th sample of every side is
// of the same round, so that what moves the machine moves them together.
class SampleTable {
 public:
  struct Comparison {
    std::string side;         // compared with; empty: with none
    bool difference = false;  // what is added to it, instead of the ratio
  };

  // `unit` stands in the head; `decimals` of every number.
  SampleTable(std::string unit, int decimals, std::uint64_t seed)
      : unit_(std::move(unit)), decimals_(decimals), seed_(seed) {}

  void Add(const std::string& figure, const std::string& side, double value);
  [[nodiscard]] bool empty() const { return order_.empty(); }
  // Of one side; empty if it has none.
  [[nodiscard]] const std::vector<double>& Samples(const std::string& figure,
                                                   const std::string& side) const;

  // Figures and sides in the order they first came; per row minimum, median with its 95 % interval,
  // 90th percentile, and the comparison, paired by round.
  [[nodiscard]] std::string Markdown(const Comparison& comparison) const;

 private:
  struct Row {
    std::string figure;
    std::string side;
  };
  [[nodiscard]] std::string Compared(const Row& row, const Comparison& comparison) const;

  std::string unit_;
  int decimals_;
  std::uint64_t seed_;
  std::vector<Row> order_;
  std::map<std::string, std::map<std::string, std::vector<double>>> samples_;
};

}  // namespace benchmarks::tasks
