// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/task_creation.h"

#include <utility>

#include "containerd/bootstrap.h"
#include "oci/bundle.h"
#include "reference-shim/shim/exit_record.h"
#include "runc/options.pb.h"

namespace shim {
namespace {

// The two of runc's options that concern stdio, which is the shim's and not the backend's.
IoOwner OwnerOf(const google::protobuf::Any& any) {
  containerd::runc::v1::Options options;
  if (any.type_url() != containerd::kRuncOptionsType || !options.ParseFromString(any.value())) {
    return {};
  }
  return {.uid = options.io_uid(), .gid = options.io_gid()};
}

}  // namespace

TaskCreation::TaskCreation(const TaskContext& context,
                           containerd::task::v3::CreateTaskRequest request, ExitCallback on_exit,
                           std::function<void()> on_oom)
    : context_(context),
      request_(std::move(request)),
      on_exit_(std::move(on_exit)),
      on_oom_(std::move(on_oom)) {}

void TaskCreation::Run(Done<CreatedTask> done) {
  done_ = std::move(done);
  Advance(Step::kReadSpec);
}

void TaskCreation::Advance(Step step) {
  switch (step) {
    case Step::kReadSpec:
      return ReadSpec();
    case Step::kMountRootfs:
      return MountRootfs();
    case Step::kOpenStdio:
      return OpenStdio();
    case Step::kCreateWorkload:
      return CreateWorkload();
  }
}

void TaskCreation::Continue(Step next, const absl::Status& status) {
  status.ok() ? Advance(next) : Undo(status);
}

void TaskCreation::ReadSpec() {
  RemoveRecords(request_.bundle());
  absl::StatusOr<oci::Spec> spec = oci::ReadSpec(request_.bundle());
  if (spec.ok()) {
    create_.id = request_.id();
    create_.bundle = request_.bundle();
    create_.spec = *std::move(spec);
    create_.rootfs = FromMountList(request_.rootfs());
    create_.options = {.type_url = request_.options().type_url(),
                       .value = request_.options().value()};
    create_.checkpoint = request_.checkpoint();
    made_.private_pid_namespace =
        context_.backend.capabilities().pid_namespace && oci::HasPrivatePidNamespace(create_.spec);
    made_.io_owner = OwnerOf(request_.options());
  }
  Continue(Step::kMountRootfs, spec.status());
}

void TaskCreation::MountRootfs() {
  if (create_.rootfs.empty() || context_.backend.TakesRootfs(create_)) {
    return Advance(Step::kOpenStdio);
  }
  const std::vector<container::Mount> mounts = std::exchange(create_.rootfs, {});
  context_.rootfs.Mount(request_.bundle(), mounts, guard_.Wrap([this](const absl::Status& status) {
    made_.rootfs_mounted = status.ok();
    Continue(Step::kOpenStdio, status);
  }));
}

void TaskCreation::OpenStdio() {
  made_.stdio = std::make_unique<Stdio>(context_.loop, context_.reaper);
  const StdioSpec spec{.names = {.in = request_.stdin(),
                                 .out = request_.stdout(),
                                 .err = request_.stderr(),
                                 .terminal = request_.terminal()},
                       .id = request_.id(),
                       .namespace_name = context_.namespace_name,
                       .io_uid = made_.io_owner.uid,
                       .io_gid = made_.io_owner.gid};
  made_.stdio->Open(spec, guard_.Wrap([this](const absl::Status& status) {
    Continue(Step::kCreateWorkload, status);
  }));
}

void TaskCreation::CreateWorkload() {
  create_.io = made_.stdio->TakeProcessIo();
  create_.on_exit = std::move(on_exit_);
  create_.on_oom = std::move(on_oom_);
  context_.backend.Create(std::move(create_),
                          guard_.Wrap([this](absl::StatusOr<std::unique_ptr<Workload>> workload) {
                            if (!workload.ok()) return Undo(workload.status());
                            made_.workload = *std::move(workload);
                            std::exchange(done_, nullptr)(std::move(made_));
                          }));
}

void TaskCreation::Undo(const absl::Status& why) {
  made_.stdio.reset();
  if (!made_.rootfs_mounted) return std::exchange(done_, nullptr)(why);
  context_.rootfs.Unmount(request_.bundle(), guard_.Wrap([this, why](const absl::Status& status) {
    if (!status.ok()) {
      context_.log.Error("after a failed create of ", request_.id(), ": ", status.message());
    }
    std::exchange(done_, nullptr)(why);
  }));
}

}  // namespace shim
