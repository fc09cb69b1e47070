// SPDX-License-Identifier: Apache-2.0
// faulty-engine --fault=NAME --journal=FILE --subject=/abs/engine ARGUMENTS...: an OCI engine with
// a known defect (README.md).
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "fakes/fault/fault_request.h"
#include "fakes/faulty_engine/engine_call.h"
#include "fakes/spec_edit/hook_wrapper.h"

namespace {

constexpr int kUsageCode = 64;

int Run(std::vector<std::string> args) {
  if (!args.empty() && args[0] == fakes::kHookWord) return fakes::RunHookWrapper(args);
  const auto request = fakes::TakeFaultRequest(fakes::KnownFaultSeam::kEngine, args);
  absl::Status status = request.status();
  if (request.ok()) {
    const absl::StatusOr<int> code = fakes::RunFaultyEngine(*request, args);
    if (code.ok()) return *code;
    status = code.status();
  }
  std::cerr << "faulty-engine: " << status.message() << "\n";
  return kUsageCode;
}

}  // namespace

int main(int argc, char** argv) { return Run(std::vector<std::string>(argv + 1, argv + argc)); }
