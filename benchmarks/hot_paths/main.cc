// SPDX-License-Identifier: Apache-2.0
// hot_paths [--smoke] [--benchmark_...]: measures the paths of this folder and prints a Markdown
// table. Repetitions of all rows are interleaved at random; the flags of Google Benchmark override
// their number and length. --smoke: once and as short as can be, to see that all of it works.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "benchmarks/hot_paths/path_table.h"

namespace {

constexpr unsigned kSeed = 1;

// Gathers the single repetitions; what Google Benchmark makes of them by itself is not wanted.
class Gatherer final : public benchmark::BenchmarkReporter {
 public:
  explicit Gatherer(benchmarks::PathTable& table) : table_(table) {}
  bool ReportContext(const Context& /*context*/) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) {
        std::fprintf(stderr, "hot_paths: %s: %s\n", run.run_name.function_name.c_str(),
                     run.error_message.c_str());
        failed_ = true;
      } else if (run.run_type == Run::RT_Iteration) {
        const double seconds = run.real_accumulated_time / static_cast<double>(run.iterations);
        table_.Add(run.run_name.function_name, {.seconds = seconds,
                                                .bytes = Per(run, "bytes_per_second", seconds),
                                                .items = Per(run, "items_per_second", seconds)});
      }
    }
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  static double Per(const Run& run, const char* counter, double seconds) {
    const auto found = run.counters.find(counter);
    return found == run.counters.end() ? 0 : found->second.value * seconds;
  }

  benchmarks::PathTable& table_;
  bool failed_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  const bool smoke = argc > 1 && std::strcmp(argv[1], "--smoke") == 0;
  std::vector<std::string> words = {argv[0]};
  if (smoke) {
    words.insert(words.end(), {"--benchmark_min_time=0", "--benchmark_repetitions=1"});
  } else {
    words.insert(words.end(), {"--benchmark_min_time=0.05", "--benchmark_repetitions=11",
                               "--benchmark_enable_random_interleaving=true"});
  }
  words.insert(words.end(), argv + (smoke ? 2 : 1), argv + argc);
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  int count = static_cast<int>(words.size());
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 2;
  benchmarks::PathTable table;
  Gatherer gatherer(table);
  benchmark::RunSpecifiedBenchmarks(&gatherer);
  if (!table.empty()) std::fputs(table.Markdown(kSeed).c_str(), stdout);
  return gatherer.failed() || table.empty() ? 1 : 0;
}
