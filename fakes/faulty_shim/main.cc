// SPDX-License-Identifier: Apache-2.0
// faulty-shim: the reference shim with a defect that shims have or had. Its own sources know
// nothing of it: what is wrong is put around them here, or in their place when this is linked.
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "fakes/fault/fault_request.h"
#include "fakes/fault/regressions.h"
#include "fakes/faulty_shim/fault_plan.h"
#include "fakes/faulty_shim/faulty_backend.h"
#include "fakes/faulty_shim/faulty_daemon.h"
#include "fakes/faulty_shim/needless_work.h"
#include "fakes/faulty_shim/startup_hooks.h"
#include "reference-shim/backends/task_backend.h"

namespace {

constexpr int kUsageError = 2;

absl::StatusOr<fakes::FaultRequest> TakeRequest(std::vector<std::string>& args) {
  ASSIGN_OR_RETURN(std::optional<fakes::FaultRequest> regression, fakes::TakeRegression(args));
  if (regression) return *std::move(regression);
  return fakes::TakeFaultRequest(fakes::KnownFaultSeam::kShim, args);
}

int Refuse(const absl::Status& status) {
  std::cerr << "faulty-shim: " << status.message() << "\n";
  return kUsageError;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  const absl::StatusOr<fakes::FaultRequest> request = TakeRequest(args);
  if (!request.ok()) return Refuse(request.status());
  const std::string role = fakes::RoleOf(args);
  const absl::StatusOr<std::unique_ptr<fakes::FaultPlan>> plan =
      fakes::FaultPlan::Make(*request, role);
  if (!plan.ok()) return Refuse(plan.status());

  fakes::SetCurrentPlan(plan->get());
  std::string program = argc > 0 ? argv[0] : "";
  fakes::RememberCommandLine(argc, argv);
  if (role == "daemon") fakes::BeginDaemon();
  fakes::RunHooksAtBegin();
  std::vector<char*> rest = {program.data()};
  for (std::string& arg : args) rest.push_back(arg.data());
  const int count = static_cast<int>(rest.size());
  rest.push_back(nullptr);
  const int code = shim::RunShim(count, rest.data(), [&plan](const shim::BackendContext& context) {
    return fakes::MakeFaultyBackend(backends::MakeTaskBackend(context), **plan, context);
  });
  fakes::RunHooksAtEnd();
  fakes::StretchCommand();
  fakes::SetCurrentPlan(nullptr);
  return code;
}
