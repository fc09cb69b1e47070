// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status_macros.h"
#include "container/mounts.h"
#include "fakes/guest_agent/limits.h"

namespace fakes {
namespace {

// Programs of `directory` by name, each told the point as its argument.
std::vector<oci::Hook> HooksIn(const std::string& directory, const std::string& point) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory + "/" + point, error)) {
    const std::string path = entry.path().string();
    if (entry.is_regular_file(error) && ::access(path.c_str(), X_OK) == 0) paths.push_back(path);
  }
  std::sort(paths.begin(), paths.end());
  std::vector<oci::Hook> hooks;
  for (const std::string& path : paths) {
    hooks.push_back({.path = path,
                     .args = {path, point},
                     .env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                     .timeout = {}});
  }
  return hooks;
}

}  // namespace

void Guest::FindHooks(const std::string& directory) {
  context_.hooks = oci::Hooks();
  if (directory.empty()) return;
  context_.hooks.prestart = HooksIn(directory, "prestart");
  context_.hooks.poststart = HooksIn(directory, "poststart");
  context_.hooks.poststop = HooksIn(directory, "poststop");
}

absl::Status Guest::BeginSandbox(const grpc::CreateSandboxRequest& request) {
  if (context_.keeper != nullptr) {
    return absl::AlreadyExistsError("this guest has a sandbox already");
  }
  for (const grpc::KernelModule& module : request.kernel_modules()) {
    if (module.name().empty()) return absl::InvalidArgumentError("kernel module name is empty");
  }
  ASSIGN_OR_RETURN(storages_, PlanStorages(context_.paths, context_.disks, request.storages()));
  // Without cgroups there is nothing to clean.
  const absl::StatusOr<container::Cgroup> cgroup = context_.cgroups.Resolve(context_.cgroup);
  if (cgroup.ok()) {
    ASSIGN_OR_RETURN(context_.cleaner, GuestCleaner::Start(context_.reaper, *cgroup));
  }
  ASSIGN_OR_RETURN(context_.keeper, GuestKeeper::Start(context_.reaper, request.hostname(),
                                                       context_.network.space()));
  FindHooks(request.guest_hook_path());
  return absl::OkStatus();
}

void Guest::CreateSandbox(const grpc::CreateSandboxRequest& request, Done done) {
  const absl::Status begun = BeginSandbox(request);
  if (!begun.ok() || storages_.empty()) return done(begun);
  context_.works.Run([this] { return MakeStorages(context_.paths, storages_); },
                     [this, done = std::move(done)](const absl::Status& made) mutable {
                       if (!made.ok()) Teardown();
                       done(made);
                     });
}

void Guest::CreateContainer(const grpc::CreateContainerRequest& request, Done done) {
  const std::string& id = request.container_id();
  if (const absl::Status fits = CheckGuestId("container_id", id); !fits.ok()) return done(fits);
  if (context_.keeper == nullptr) {
    return done(absl::FailedPreconditionError("there is no sandbox yet"));
  }
  if (containers_.size() >= kGuestContainersMax) {
    return done(absl::ResourceExhaustedError("too many containers"));
  }
  const auto [place, is_new] = containers_.try_emplace(id);
  if (!is_new) {
    return done(absl::AlreadyExistsError(absl::StrCat("container ", id, " already exists")));
  }
  const auto container = std::make_shared<GuestContainer>(context_, id);
  place->second = container;
  container->Create(request, [this, id, done = std::move(done)](const absl::Status& made) mutable {
    if (!made.ok()) containers_.erase(id);
    done(made);
  });
}

absl::StatusOr<std::shared_ptr<GuestContainer>> Guest::Find(const std::string& id) const {
  const auto found = containers_.find(id);
  if (found != containers_.end()) return found->second;
  return absl::InvalidArgumentError(
      absl::StrCat("invalid container id: \"", id.substr(0, kGuestIdBytesMax), "\""));
}

absl::StatusOr<GuestProcess*> Guest::FindProcess(const std::string& id,
                                                 const std::string& exec_id) const {
  ASSIGN_OR_RETURN(const std::shared_ptr<GuestContainer> container, Find(id));
  return container->Find(exec_id);
}

void Guest::RemoveContainer(const std::string& id, std::uint32_t timeout_seconds, Done done) {
  absl::StatusOr<std::shared_ptr<GuestContainer>> container = Find(id);
  if (!container.ok()) return done(container.status());
  const auto timeout =
      timeout_seconds == 0 ? kGuestRemoveTimeout : std::chrono::seconds(timeout_seconds);
  (*container)
      ->Remove(timeout, [this, id, done = std::move(done)](const absl::Status& removed) mutable {
        if (removed.ok()) containers_.erase(id);
        done(removed);
      });
}

void Guest::Teardown() {
  if (context_.keeper == nullptr) return;
  context_.works.Abort();
  // What is answered on the way may look for containers: there are none.
  const auto containers = std::exchange(containers_, {});
  for (const auto& [id, container] : containers) container->Abort();
  context_.keeper.reset();
  for (const auto& [id, container] : containers) container->RemoveCgroup();
  storages_.clear();
  context_.ooms.Clear();
  context_.hooks = oci::Hooks();
  const absl::Status unmounted = container::UnmountAll(context_.paths.run());
  if (!unmounted.ok()) context_.log.Warning(unmounted.message());
  for (const auto& [id, container] : containers) {
    ::rmdir(absl::StrCat(context_.paths.run(), "/", id).c_str());
  }
  const absl::StatusOr<container::Cgroup> cgroup = context_.cgroups.Resolve(context_.cgroup);
  if (cgroup.ok()) (void)container::Remove(*cgroup);
  context_.cleaner.reset();
}

}  // namespace fakes
