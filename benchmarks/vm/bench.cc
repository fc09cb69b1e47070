// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/vm/bench.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "base/status_macros.h"
#include "fakes/containerd/bundle_maker.h"
#include "runtimeoptions/v1/options.pb.h"

namespace benchmarks::vm {
namespace {

tasks::RuntimeOptions OptionsWith(const std::string& configuration) {
  runtimeoptions::v1::Options options;
  options.set_config_path(configuration);
  return {.type_url = "runtimeoptions.v1.Options", .value = options.SerializeAsString()};
}

}  // namespace

Bench::Bench(Settings settings, tasks::Place place)
    : settings_(std::move(settings)), place_(std::move(place)), random_(settings_.seed) {}

absl::Status Bench::Enter() {
  RETURN_IF_ERROR(tasks::EnterPlace(place_));
  const std::string program = settings_.Program(kHypervisor);
  const std::string configuration = place_.directory + "/vm.toml";
  // The stand-in boots nothing: any file is a kernel and an image.
  RETURN_IF_ERROR(fakes::WriteTextFile(
      configuration,
      absl::StrCat("[hypervisor]\npath = \"", program, "\"\nkernel = \"", program, "\"\nimage = \"",
                   program, "\"\narguments = [\"--shared-directory\", \"${shared}\"]\n")));
  shims_.push_back({.name = kReference,
                    .path = settings_.Program(kShim),
                    .options = OptionsWith(configuration)});
  for (const Peer& peer : settings_.peers) {
    shims_.push_back(
        {.name = peer.name, .path = peer.shim, .options = OptionsWith(peer.configuration)});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<tasks::ShimSession>> Bench::StartShim(const VmShim& shim) {
  return tasks::ShimSession::Start(
      loop_, place_,
      {.shim = shim.path, .id = FreshId(), .env = {}, .events = place_.directory + "/events"});
}

absl::StatusOr<std::unique_ptr<tasks::TaskLife>> Bench::NewTask(
    tasks::ShimSession& session, const tasks::RuntimeOptions& options,
    std::vector<std::string> args) {
  auto task = std::make_unique<tasks::TaskLife>(
      session,
      tasks::TaskLife::Order{.id = FreshId(), .args = std::move(args), .options = options});
  RETURN_IF_ERROR(task->Prepare());
  return task;
}

absl::StatusOr<std::unique_ptr<tasks::TaskLife>> Bench::RunTask(
    tasks::ShimSession& session, const tasks::RuntimeOptions& options,
    std::vector<std::string> args) {
  ASSIGN_OR_RETURN(std::unique_ptr<tasks::TaskLife> task,
                   NewTask(session, options, std::move(args)));
  RETURN_IF_ERROR(
      tasks::Await(loop_, [&](tasks::TaskLife::Done done) { task->Create(std::move(done)); }));
  RETURN_IF_ERROR(
      tasks::Await(loop_, [&](tasks::TaskLife::Done done) { task->Start(std::move(done)); }));
  return task;
}

absl::Status Bench::EndTask(tasks::TaskLife& task) {
  RETURN_IF_ERROR(
      tasks::Await(loop_, [&](tasks::TaskLife::Done done) { task.KillAndWait(std::move(done)); }));
  return tasks::Await(loop_, [&](tasks::TaskLife::Done done) { task.Delete(std::move(done)); });
}

std::unique_ptr<BareMachine> Bench::NewMachine() {
  return std::make_unique<BareMachine>(loop_, place_, settings_.Program(kHypervisor), FreshId());
}

}  // namespace benchmarks::vm
