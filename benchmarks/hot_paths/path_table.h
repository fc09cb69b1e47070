// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

namespace benchmarks {

// What was measured of hot paths and of the rows beside them, as a Markdown table. A benchmark is
// named "PATH/ROW"; the row `ours` comes first and the others, floors and best-known ways, are
// compared with it repetition by repetition.
class PathTable {
 public:
  // One repetition. `seconds` is per iteration, `bytes` what an iteration moved (0: nothing), and
  // `items` how many things it handled; both are what the table speaks of where they are given.
  struct Sample {
    double seconds = 0;
    double bytes = 0;
    double items = 0;
  };
  using Samples = std::vector<Sample>;
  // A name without '/' is a path with the row `ours`.
  void Add(const std::string& name, const Sample& sample);

  // Paths by their names; `seed` is that of the bootstrap.
  [[nodiscard]] std::string Markdown(unsigned seed) const;
  [[nodiscard]] bool empty() const { return paths_.empty(); }

 private:
  std::map<std::string, std::map<std::string, Samples>> paths_;
};

}  // namespace benchmarks
