// SPDX-License-Identifier: Apache-2.0
// shimgauge: the judge. The same executable is also its own worker, see harness/worker.h.
#include <cstring>

#include "conformance/checks/all_checks.h"
#include "conformance/harness/check_run.h"
#include "conformance/harness/command_line.h"
#include "conformance/harness/worker.h"

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "worker") == 0) {
    conformance::WorkerMain({.checks = conformance::AllChecks(),
                             .run_check = &conformance::RunCheck,
                             .probe = &conformance::ProbeShim});
  }
  return conformance::CommandLineMain(argc, argv, conformance::AllChecks());
}
