// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <string>

#include "benchmarks/host_fingerprint.h"
#include "benchmarks/vm/bench.h"

namespace {

using benchmarks::vm::Bench;
namespace tasks = benchmarks::tasks;

struct Figure {
  const char* name;
  absl::Status (*measure)(Bench&);
};
constexpr Figure kFigures[] = {
    {"life", &benchmarks::vm::MeasureLife},
    {"calls", &benchmarks::vm::MeasureCalls},
    {"memory", &benchmarks::vm::MeasureMemory},
};

void PrintHost(int rounds) {
  const benchmarks::HostFingerprint host = benchmarks::ReadHostFingerprint();
  std::printf("Linux %s, %d × %s%s, cgroup %s; %d rounds, all sides in each.\n",
              host.kernel.c_str(), host.cpus, host.cpu_model.c_str(),
              host.virtualised ? " (virtual)" : "", host.cgroup_version.c_str(), rounds);
}

int Fail(int exit_code, const absl::Status& status) {
  tasks::Progress("");
  std::fprintf(stderr, "vm_benchmark: %s\n", std::string(status.message()).c_str());
  return exit_code;
}

}  // namespace

// Exit code: 0 measured, 2 usage, 3 host unfit, 4 a side failed.
int main(int argc, char** argv) {
  int exit_code = 0;
  const auto settings = benchmarks::vm::ParseSettings(argc, argv, exit_code);
  if (!settings.has_value()) return exit_code;
  Bench bench(*settings, {.directory = "/run/vm-benchmark",  // short: sockets lie below it
                          .fixtures = settings->fixtures,
                          .cgroup = "/shimgauge-vm-benchmark-" + std::to_string(::getpid())});
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
