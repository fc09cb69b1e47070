// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <string>

#include "benchmarks/tasks/run.h"
#include "benchmarks/vm/bench.h"

// Exit code: 0 measured, 2 usage, 3 host unfit, 4 a side failed.
int main(int argc, char** argv) {
  namespace vm = benchmarks::vm;
  int exit_code = 0;
  const auto settings = vm::ParseSettings(argc, argv, exit_code);
  if (!settings.has_value()) return exit_code;
  vm::Bench bench(*settings, {.directory = "/run/vm-benchmark",  // short: sockets lie below it
                              .fixtures = settings->fixtures,
                              .cgroup = "/shimgauge-vm-benchmark-" + std::to_string(::getpid())});
  return benchmarks::tasks::MeasureFigures(
      "vm_benchmark", *settings, bench.place(), bench.Enter(), "",
      {{"life", [&bench] { return vm::MeasureLife(bench); }},
       {"calls", [&bench] { return vm::MeasureCalls(bench); }},
       {"memory", [&bench] { return vm::MeasureMemory(bench); }}});
}
