// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <string>

#include "benchmarks/host_fingerprint.h"
#include "benchmarks/wasm/bench.h"

namespace {

using benchmarks::wasm::Bench;
namespace tasks = benchmarks::tasks;

struct Figure {
  const char* name;
  absl::Status (*measure)(Bench&);
};
constexpr Figure kFigures[] = {
    {"life", &benchmarks::wasm::MeasureLife},
    {"phases", &benchmarks::wasm::MeasurePhases},
    {"shapes", &benchmarks::wasm::MeasureShapes},
    {"parallel", &benchmarks::wasm::MeasureParallel},
    {"memory", &benchmarks::wasm::MeasureMemory},
    {"containerd", &benchmarks::wasm::MeasureContainerd},
};

void PrintHost(int rounds) {
  const benchmarks::HostFingerprint host = benchmarks::ReadHostFingerprint();
  std::printf("Linux %s, %d × %s%s, cgroup %s; engine wasmtime %s; %d rounds, all sides in each.\n",
              host.kernel.c_str(), host.cpus, host.cpu_model.c_str(),
              host.virtualised ? " (virtual)" : "", host.cgroup_version.c_str(),
              SHIMGAUGE_WASM_ENGINE_VERSION, rounds);
}

int Fail(int exit_code, const absl::Status& status) {
  tasks::Progress("");
  std::fprintf(stderr, "wasm_benchmark: %s\n", std::string(status.message()).c_str());
  return exit_code;
}

}  // namespace

// Exit code: 0 measured, 2 usage, 3 host unfit, 4 a side failed.
int main(int argc, char** argv) {
  int exit_code = 0;
  const auto settings = benchmarks::wasm::ParseSettings(argc, argv, exit_code);
  if (!settings.has_value()) return exit_code;
  Bench bench(*settings, {.directory = "/run/shimgauge-wasm-benchmark",
                          .fixtures = settings->fixtures,
                          .cgroup = "/shimgauge-wasm-benchmark-" + std::to_string(::getpid())});
  if (const absl::Status status = bench.Enter(); !status.ok()) return Fail(3, status);
  PrintHost(settings->rounds);
  absl::Status status;
  for (const Figure& figure : kFigures) {
    if (!status.ok()) break;
    if (settings->Wants(figure.name)) status = figure.measure(bench);
    std::fflush(stdout);
  }
  tasks::RemoveCgroupParent(bench.place().cgroup);
  return status.ok() ? 0 : Fail(4, status);
}
