// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "benchmarks/record.h"

namespace benchmarks {

// What runs must have in common to be on one line: host, configuration and shim.
struct HistoryGroup {
  std::string host;
  std::string configuration;
  std::string shim;
  std::vector<Record> runs;  // oldest first
};

// In the order in which the groups appear first.
std::vector<HistoryGroup> GroupHistory(const std::vector<Record>& history);

// A table per group for people: for each of `metrics` that was measured its runs, the present
// figure, its course as a line of blocks, and where its level changed by how much. UTF-8.
std::string HistoryTable(const std::vector<Record>& history,
                         const std::vector<std::string>& metrics);

}  // namespace benchmarks
