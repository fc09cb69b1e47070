// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <string>

#include "benchmarks/tasks/run.h"
#include "benchmarks/wasm/bench.h"
// Exit code: 0 measured, 2 usage, 3 host unfit, 4 a side failed.
int main(int argc, char** argv) {
  namespace wasm = benchmarks::wasm;
  int exit_code = 0;
  const auto settings = wasm::ParseSettings(argc, argv, exit_code);
  if (!settings.has_value()) return exit_code;
  wasm::Bench bench(*settings,
                    {.directory = "/run/shimgauge-wasm-benchmark",
                     .fixtures = settings->fixtures,
                     .cgroup = "/shimgauge-wasm-benchmark-" + std::to_string(::getpid())});
  return benchmarks::tasks::MeasureFigures(
      "wasm_benchmark", *settings, bench.place(), bench.Enter(),
      "engine wasmtime " SHIMGAUGE_WASM_ENGINE_VERSION "; ",
      {{"life", [&bench] { return wasm::MeasureLife(bench); }},
       {"phases", [&bench] { return wasm::MeasurePhases(bench); }},
       {"shapes", [&bench] { return wasm::MeasureShapes(bench); }},
       {"parallel", [&bench] { return wasm::MeasureParallel(bench); }},
       {"memory", [&bench] { return wasm::MeasureMemory(bench); }},
       {"containerd", [&bench] { return wasm::MeasureContainerd(bench); }}});
}
