// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/vm_workload.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <csignal>
#include <utility>

#include "base/status_macros.h"
#include "containerd/shim_address.h"
#include "oci/spec_parser.h"
#include "reference-shim/backends/vm/limits.h"
#include "reference-shim/backends/vm/vm_exec.h"

namespace backends {

absl::Status NoVm() { return absl::FailedPreconditionError("the VM of the container has ended"); }

VmWorkload::VmWorkload(VmHost& host, shim::CreateSpec spec)
    : host_(host),
      spec_(std::move(spec.spec)),
      disk_rootfs_(std::move(spec.rootfs)),
      id_(spec.id),
      bundle_(spec.bundle),
      checkpoint_(std::move(spec.checkpoint)),
      options_(std::move(spec.options)),
      io_(std::move(spec.io)),
      on_exit_(std::move(spec.on_exit)),
      on_oom_(std::move(spec.on_oom)),
      hooks_(host.context, spec_, spec.id, spec.bundle) {}

// Whatever Delete did not: the VM outlives its last container otherwise.
VmWorkload::~VmWorkload() {
  if (sandbox_ != nullptr) host_.Leave(id_, [](const absl::Status&) {});
}

// --- Create ---------------------------------------------------------------------------------

void VmWorkload::Create(shim::Done<> done) {
  created_ = [done = std::move(done)](absl::Status status) mutable {
    done(base::Annotate(status, "vm create failed"));
  };
  const absl::Status joined = Join();
  if (!joined.ok()) return Abandon(joined);
  sandbox_->Start(guard_.Wrap([this](const absl::Status& status) {
    pid_ = sandbox_->pid();
    status.ok() ? RunHooks() : Abandon(status);
  }));
}

absl::Status VmWorkload::Join() {
  if (!checkpoint_.empty()) {
    return absl::UnimplementedError("a container in a VM cannot be restored from a checkpoint");
  }
  if (spec_.process.args.empty()) {
    return absl::InvalidArgumentError("process.args: must not be empty");
  }
  const std::string rootfs = absl::StartsWith(spec_.root.path, "/")
                                 ? spec_.root.path
                                 : absl::StrCat(bundle_, "/", spec_.root.path);
  struct stat info {};
  if (disk_rootfs_.empty() &&
      (spec_.root.path.empty() || ::stat(rootfs.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))) {
    return absl::InvalidArgumentError(absl::StrCat("root.path: ", rootfs, ": no directory"));
  }
  ASSIGN_OR_RETURN(guest_, MakeGuestSpec(spec_, id_, rootfs, disk_rootfs_));
  guest_.spec.annotations[kBundleAnnotation] = bundle_;
  const oci::Namespace* network = oci::FindNamespace(spec_, "network");
  ASSIGN_OR_RETURN(sandbox_,
                   host_.Join(id_, containerd::GroupKey(spec_.annotations, id_), options_,
                              network == nullptr ? "" : network->path,
                              {.lost = guard_.Wrap([this](unsigned status) { OnLost(status); }),
                               .out_of_memory = guard_.Wrap([this] {
                                 on_oom_();
                                 if (init_ != nullptr) init_->OutOfMemoryTold();
                               })}));
  return absl::OkStatus();
}

void VmWorkload::RunHooks() {
  // Before anything is made: `delete` must find it, whenever we die (DEL-11).
  const absl::Status saved = SaveVmRecord(bundle_, sandbox_->files().sandbox);
  if (!saved.ok()) return Abandon(saved);
  recorded_ = true;
  hooks_.BeforeGuest(pid_, guard_.Wrap([this](const absl::Status& status) {
    status.ok() ? ShareFiles() : Abandon(status);
  }));
}

void VmWorkload::ShareFiles() {
  shared_ = true;
  step_ = std::make_unique<shim::ForkedStep>(host_.context.loop, host_.context.reaper);
  step_->Run(
      "sharing with the guest", kShareTimeout,
      [this] { return ShareWithGuest(sandbox_->files(), id_, guest_.shares); },
      guard_.Wrap(
          [this](const absl::Status& status) { status.ok() ? TakeResources() : Abandon(status); }));
}

void VmWorkload::TakeResources() {
  if (resources() == nullptr) return Abandon(NoVm());
  has_resources_ = true;
  resources()->Add(id_, spec_.linux.resources, std::move(guest_.disks),
                   guard_.Wrap([this](const absl::StatusOr<std::vector<GuestStorage>>& storages) {
                     storages.ok() ? MakeContainer(*storages) : Abandon(storages.status());
                   }));
}

void VmWorkload::MakeContainer(const std::vector<GuestStorage>& storages) {
  if (agent() == nullptr) return Abandon(NoVm());
  in_guest_ = true;
  agent()->CreateContainer(id_, guest_.spec, storages,
                           guard_.Wrap([this](const absl::Status& status) { OnMade(status); }));
}

void VmWorkload::OnMade(const absl::Status& status) {
  if (!status.ok()) return Abandon(status);
  if (agent() == nullptr) return Abandon(NoVm());
  init_ = std::make_unique<GuestProcess>(
      host_.context.loop, GuestProcessKey{.container = id_, .exec = id_}, pid_, std::move(io_),
      [this](const base::ExitStatus& ended) { std::exchange(on_exit_, nullptr)(ended); });
  const absl::Status prepared = init_->Prepare();
  if (!prepared.ok()) return Abandon(prepared);
  init_->Watch(*agent());
  guest_ = {};
  std::exchange(created_, nullptr)(absl::OkStatus());
}

void VmWorkload::Abandon(absl::Status why) {
  init_.reset();
  io_ = {};
  Dismantle(guard_.Wrap([this, why = std::move(why)](const absl::Status& dismantled) mutable {
    if (!dismantled.ok()) {
      host_.context.log.Warning("after a failed create of ", id_, ": ", dismantled.message());
    }
    std::exchange(created_, nullptr)(std::move(why));  // may destroy this
  }));
}

void VmWorkload::OnLost(unsigned status) {
  if (init_ != nullptr) init_->Lose(status);
}

// --- the verbs of a container that exists ---------------------------------------------------

void VmWorkload::Start(shim::Done<pid_t> done) {
  if (agent() == nullptr || init_->ended()) {
    return done(absl::FailedPreconditionError("vm start failed: the init has ended"));
  }
  init_->CopyInput();
  agent()->StartContainer(
      id_, guard_.Wrap([this, done = std::move(done)](const absl::Status& status) mutable {
        if (!status.ok()) return done(base::Annotate(status, "vm start failed"));
        // HOOK-09 as runc has it: a failure is one of start, and ends the container.
        hooks_.Poststart(
            pid_, guard_.Wrap([this, done = std::move(done)](const absl::Status& ran) mutable {
              if (ran.ok()) return done(pid_);
              Signal(SIGKILL, shim::SignalScope::kAll, [](const absl::Status&) {});
              done(base::Annotate(ran, "vm start failed"));
            }));
      }));
}

void VmWorkload::Signal(int signo, shim::SignalScope scope, shim::Done<> done) {
  if (signo < 0 || signo > SIGRTMAX) {
    return done(absl::InvalidArgumentError(absl::StrCat("no signal ", signo)));
  }
  if (agent() == nullptr) return done(absl::NotFoundError("process already finished"));
  if (signo == SIGKILL) init_->KillSent();
  const std::string exec = scope == shim::SignalScope::kAll ? "" : id_;
  agent()->SignalProcess({.container = id_, .exec = exec}, signo, kSignalTimeout, std::move(done));
}

absl::StatusOr<std::unique_ptr<shim::ExecWorkload>> VmWorkload::Exec(shim::ExecSpec spec) {
  if (agent() == nullptr) return NoVm();
  return std::make_unique<VmExec>(host_.context, *sandbox_, id_, std::move(spec));
}

void VmWorkload::Resize(shim::WindowSize size, shim::Done<> done) {
  if (agent() == nullptr) return done(absl::OkStatus());
  agent()->ResizeTerminal(init_->key(), size, std::move(done));
}

void VmWorkload::Pause(shim::Done<> done) {
  agent() == nullptr ? done(NoVm()) : agent()->Pause(id_, std::move(done));
}

void VmWorkload::Resume(shim::Done<> done) {
  agent() == nullptr ? done(NoVm()) : agent()->Resume(id_, std::move(done));
}

void VmWorkload::Update(std::string resources_json, shim::Done<> done) {
  const absl::StatusOr<oci::Resources> resources = oci::ParseResources(resources_json);
  if (!resources.ok()) return done(base::Annotate(resources.status(), "vm update failed"));
  if (this->resources() == nullptr) return done(NoVm());
  this->resources()->Update(
      id_, *resources, guard_.Wrap([this, limits = *resources](shim::Done<> updated) mutable {
        agent() == nullptr ? updated(NoVm()) : agent()->Update(id_, limits, std::move(updated));
      }),
      [done = std::move(done)](const absl::Status& status) mutable {
        done(base::Annotate(status, "vm update failed"));
      });
}

void VmWorkload::Sample(shim::Done<shim::Opaque> done) {
  if (agent() == nullptr) return done(absl::NotFoundError("the container's VM has ended"));
  agent()->Stats(id_, std::move(done));
}

void VmWorkload::Pids(shim::Done<std::vector<pid_t>> done) {
  done(init_->ended() ? std::vector<pid_t>() : std::vector<pid_t>{pid_});
}

// --- the end --------------------------------------------------------------------------------

void VmWorkload::Delete(shim::Done<> done) {
  Dismantle([done = std::move(done)](const absl::Status& status) mutable {
    done(base::Annotate(status, "vm delete failed"));
  });
}

void VmWorkload::Dismantle(shim::Done<> done) {
  if (init_ == nullptr) return Remove(std::move(done));
  init_->Flush(guard_.Wrap(
      [this, done = std::move(done)](const absl::Status&) mutable { Remove(std::move(done)); }));
}

// With the last container its VM ends, whatever the agent says; else the container stays in the
// guest until that time.
void VmWorkload::Remove(shim::Done<> done) {
  if (!std::exchange(in_guest_, false) || agent() == nullptr) return Unshare(std::move(done));
  agent()->RemoveContainer(
      id_, kRemoveTimeout,
      guard_.Wrap([this, done = std::move(done)](const absl::Status& status) mutable {
        if (!status.ok() && !absl::IsNotFound(status)) {
          host_.context.log.Warning("container ", id_, ": ", status.message());
        }
        Unshare(std::move(done));
      }));
}

// The files of a VM that ends go with it.
void VmWorkload::Unshare(shim::Done<> done) {
  if (!shared_ || agent() == nullptr) return ReleaseResources(std::move(done));
  step_ = std::make_unique<shim::ForkedStep>(host_.context.loop, host_.context.reaper);
  step_->Run(
      "taking back what the guest shares", kShareTimeout,
      [this] { return UnshareWithGuest(sandbox_->files(), id_); },
      guard_.Wrap([this, done = std::move(done)](absl::Status status) mutable {
        if (!status.ok()) return done(std::move(status));
        shared_ = false;
        ReleaseResources(std::move(done));
      }));
}

void VmWorkload::ReleaseResources(shim::Done<> done) {
  if (!std::exchange(has_resources_, false) || resources() == nullptr) {
    return RunPoststop(std::move(done));
  }
  resources()->Release(id_,
                       guard_.Wrap([this, done = std::move(done)](const absl::Status&) mutable {
                         RunPoststop(std::move(done));
                       }));
}

void VmWorkload::RunPoststop(shim::Done<> done) {
  auto leave = [this, done = std::move(done)](const absl::Status& ran) mutable {
    if (!ran.ok()) host_.context.log.Warning("container ", id_, ": ", ran.message());
    if (std::exchange(sandbox_, nullptr) == nullptr) return done(absl::OkStatus());
    host_.Leave(id_, guard_.Wrap(std::move(done)));
  };
  // Without the record, `delete` has run them.
  if (!std::exchange(recorded_, false) || !HasVmRecord(bundle_)) return leave(absl::OkStatus());
  // First, so that nobody runs them again (HOOK-10).
  RemoveVmRecord(bundle_);
  hooks_.Poststop(kVmHooksTimeout, guard_.Wrap(std::move(leave)));
}

}  // namespace backends
