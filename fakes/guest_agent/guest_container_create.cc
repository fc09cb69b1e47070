// SPDX-License-Identifier: Apache-2.0
// How a container is made: storages in a fork, then its init, which is talked to step by step.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/status_macros.h"
#include "container/container_cgroup.h"
#include "fakes/guest_agent/guest_container.h"
#include "fakes/guest_agent/spec_from_proto.h"

namespace fakes {
namespace {

using container::SyncKind;

// By which runtimes say where a container's bundle is on their side.
constexpr char kBundleAnnotation[] = "io.katacontainers.pkg.oci.bundle_path";

void AddHooks(std::vector<oci::Hook>& to, const std::vector<oci::Hook>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

absl::Status CheckSpec(const oci::Spec& spec) {
  if (spec.process.args.empty()) return absl::InvalidArgumentError("OCI.Process.Args: empty");
  if (!absl::StartsWith(spec.process.cwd, "/")) {
    return absl::InvalidArgumentError("OCI.Process.Cwd: expected an absolute path");
  }
  if (spec.root.path.empty()) return absl::InvalidArgumentError("OCI.Root.Path: missing");
  if (oci::FindNamespace(spec, "mount") == nullptr) {
    return absl::InvalidArgumentError("OCI.Linux.Namespaces: expected one of type mount");
  }
  return absl::OkStatus();
}

}  // namespace

void GuestContainer::Create(const grpc::CreateContainerRequest& request, Done done) {
  busy_ = true;
  busy_done_ = std::move(done);
  const absl::Status planned = PlanRequest(request);
  if (!planned.ok()) {
    state_ = State::kGone;
    return FinishBusy(planned);
  }
  context_.works.Run(
      [this]() -> absl::Status {
        RETURN_IF_ERROR(MakeStorages(context_.paths, storages_));
        if (::mkdir(bundle_.c_str(), 0755) == 0 || errno == EEXIST) return absl::OkStatus();
        return base::ErrnoStatus(errno, absl::StrCat("make ", bundle_));
      },
      [self = shared_from_this()](const absl::Status& made) {
        if (!made.ok()) return self->FailCreate(made);
        self->Launch();
      });
}

absl::Status GuestContainer::PlanRequest(const grpc::CreateContainerRequest& request) {
  if (!request.has_oci()) return absl::InvalidArgumentError("OCI: missing");
  spec_ = SpecFromProto(request.oci());
  RETURN_IF_ERROR(CheckSpec(spec_));
  bundle_ = absl::StrCat(context_.paths.run(), "/", id_);
  const auto told = spec_.annotations.extract(kBundleAnnotation);
  told_bundle_ = told.empty() ? bundle_ : told.mapped();
  ASSIGN_OR_RETURN(storages_, PlanStorages(context_.paths, context_.disks, request.storages()));
  if (std::optional<GuestStorage> root = PlanSharedRoot(context_.paths, spec_.root.path)) {
    storages_.push_back(*std::move(root));
  }
  ASSIGN_OR_RETURN(spec_.root.path, context_.paths.Resolve(spec_.root.path));
  for (oci::Mount& mount : spec_.mounts) {
    if (!absl::StartsWith(mount.source, kGuestRun)) continue;
    ASSIGN_OR_RETURN(mount.source, context_.paths.Resolve(mount.source));
  }
  RETURN_IF_ERROR(PlanDevices(request));
  PlanNamespaces(request.sandbox_pidns());
  // The guest's cgroups are its own, whatever the host's are called.
  spec_.linux.cgroups_path = absl::StrCat(context_.cgroup, "/", id_);
  AddHooks(spec_.hooks.prestart, context_.hooks.prestart);
  AddHooks(spec_.hooks.poststart, context_.hooks.poststart);
  AddHooks(spec_.hooks.poststop, context_.hooks.poststop);
  return absl::OkStatus();
}

absl::Status GuestContainer::PlanDevices(const grpc::CreateContainerRequest& request) {
  for (const grpc::Device& device : request.devices()) {
    struct stat info {};
    if (device.vm_path().empty() || ::stat(device.vm_path().c_str(), &info) != 0) {
      return absl::NotFoundError(absl::StrCat("device type \"", device.type(), "\", id \"",
                                              device.id(), "\", path \"", device.vm_path(),
                                              "\": this guest has no such device"));
    }
    for (oci::Device& wanted : spec_.linux.devices) {
      if (wanted.path != device.container_path()) continue;
      wanted.major = static_cast<std::int64_t>(major(info.st_rdev));
      wanted.minor = static_cast<std::int64_t>(minor(info.st_rdev));
    }
  }
  return absl::OkStatus();
}

// Network, IPC and UTS are the guest's, and time is as it is; of pid namespaces there is one for
// each container, or that of the guest.
void GuestContainer::PlanNamespaces(bool shared_pids) {
  auto& spaces = spec_.linux.namespaces;
  spaces.erase(std::remove_if(spaces.begin(), spaces.end(),
                              [](const oci::Namespace& space) {
                                return space.type == "pid" || space.type == "network" ||
                                       space.type == "ipc" || space.type == "uts" ||
                                       space.type == "time";
                              }),
               spaces.end());
  for (oci::Namespace& space : spaces) space.path.clear();  // of the host, if anything
  for (const char* type : {"network", "ipc", "uts"}) {
    spaces.push_back({.type = type, .path = context_.keeper->NamespacePath(type)});
  }
  if (!shared_pids) spaces.push_back({.type = "pid", .path = ""});
}

void GuestContainer::Launch() {
  if (context_.keeper == nullptr) return FailCreate(absl::AbortedError("the sandbox is gone"));
  absl::StatusOr<container::Cgroup> cgroup =
      container::MakeContainerCgroup(context_.cgroups, spec_, id_);
  if (!cgroup.ok()) return FailCreate(cgroup.status());
  cgroup_ = *std::move(cgroup);
  absl::StatusOr<Launched> launched =
      LaunchInit(context_.loop, *context_.keeper, spec_, id_, told_bundle_, cgroup_);
  if (!launched.ok()) return FailCreate(launched.status());
  launched_ = *std::move(launched);
  absl::StatusOr<std::unique_ptr<GuestProcess>> init =
      GuestProcess::Adopt(context_.loop, context_.reaper, launched_.pid, std::move(launched_.stdio),
                          [this] { LookForOom(); });
  if (!init.ok()) return FailCreate(init.status());
  init_ = *std::move(init);
  absl::StatusOr<std::unique_ptr<OomWatch>> oom =
      OomWatch::Start(context_.loop, cgroup_, [this] { context_.ooms.Push(id_); });
  if (oom.ok()) oom_ = *std::move(oom);
  Advance(SyncKind::kMounted, &GuestContainer::OnMounted);
}

// Tells the init to go on and goes on itself when it says `expected`.
void GuestContainer::Advance(SyncKind expected, void (GuestContainer::*next)()) {
  const absl::Status told = launched_.talk->Send(SyncKind::kGo);
  if (!told.ok()) return FailCreate(told);
  launched_.talk->Await(
      [self = shared_from_this(), expected, next](absl::StatusOr<container::SyncMessage> message) {
        if (!message.ok()) {
          return self->FailCreate(absl::AbortedError("the first process was killed"));
        }
        if (message->kind != expected) return self->FailCreate(absl::InternalError(message->text));
        (self.get()->*next)();
      });
}

void GuestContainer::OnMounted() {
  if (spec_.hooks.prestart.empty() && spec_.hooks.create_runtime.empty()) {
    return Advance(SyncKind::kReady, &GuestContainer::OnReady);
  }
  context_.works.Run(
      [this]() -> absl::Status {
        const container::HookState state = HookStateOf("creating", init_->pid());
        RETURN_IF_ERROR(container::RunHooks("prestart", spec_.hooks.prestart, state));
        return container::RunHooks("createRuntime", spec_.hooks.create_runtime, state);
      },
      [self = shared_from_this()](const absl::Status& ran) {
        if (!ran.ok()) return self->FailCreate(ran);
        self->Advance(SyncKind::kReady, &GuestContainer::OnReady);
      });
}

absl::Status GuestContainer::TakeInitTerminal() {
  if (!launched_.console.ok()) return absl::OkStatus();
  ASSIGN_OR_RETURN(base::UniqueFd master, TakeTerminal(launched_.console));
  launched_.console.reset();
  return init_->UseTerminal(std::move(master));
}

void GuestContainer::OnReady() {
  const absl::Status terminal = TakeInitTerminal();
  if (!terminal.ok()) return FailCreate(terminal);
  state_ = State::kCreated;
  FinishBusy(absl::OkStatus());
}

}  // namespace fakes
