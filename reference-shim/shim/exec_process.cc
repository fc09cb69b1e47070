// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/exec_process.h"

#include <utility>

namespace shim {

ExecProcess::ExecProcess(const TaskContext& context, std::string id, std::string process_json,
                         StdioNames names, std::function<void(ExecProcess&)> exited)
    : context_(context),
      process_(ProcessKind::kExec, std::move(id), std::move(names)),
      process_json_(std::move(process_json)),
      exited_(std::move(exited)) {}

void ExecProcess::Start(Workload& container, IoOwner owner, Done<pid_t> done) {
  process_.set_stdio(std::make_unique<Stdio>(context_.loop, context_.reaper));
  const StdioSpec spec{.names = process_.names(),
                       .id = process_.id(),
                       .namespace_name = context_.namespace_name,
                       .io_uid = owner.uid,
                       .io_gid = owner.gid,
                       .hold_input = !process_.input_closed(),
                       .size = process_.size()};
  process_.stdio()->Open(
      spec, guard_.Wrap([this, &container, done = std::move(done)](absl::Status status) mutable {
        if (!status.ok()) return Fail(std::move(status), std::move(done));
        Launch(container, std::move(done));
      }));
}

void ExecProcess::Launch(Workload& container, Done<pid_t> done) {
  ExecSpec spec;
  spec.exec_id = process_.id();
  spec.process_json = process_json_;
  spec.io = process_.stdio()->TakeProcessIo();
  spec.on_exit = guard_.Wrap([this](const base::ExitStatus& status) {
    if (process_.Exited(status)) exited_(*this);
  });
  absl::StatusOr<std::unique_ptr<ExecWorkload>> workload = container.Exec(std::move(spec));
  if (!workload.ok()) return Fail(workload.status(), std::move(done));
  workload_ = *std::move(workload);
  workload_->Start(
      guard_.Wrap([this, done = std::move(done)](const absl::StatusOr<pid_t>& pid) mutable {
        if (!pid.ok()) return Fail(pid.status(), std::move(done));
        process_.StartSucceeded(*pid);
        done(*pid);
      }));
}

void ExecProcess::Fail(absl::Status status, Done<pid_t> done) {
  workload_.reset();
  process_.set_stdio(nullptr);
  process_.StartFailed();
  done(EngineFailure(std::move(status)));
}

void ExecProcess::Signal(int signo, Done<> done) {
  if (workload_ == nullptr) return done(absl::NotFoundError("process already finished"));
  workload_->Signal(signo, std::move(done));
}

void ExecProcess::Flush(Done<> done) {
  if (workload_ == nullptr) return done(absl::OkStatus());
  workload_->Flush(std::move(done));
}

void ExecProcess::Resize(WindowSize size, Done<> done) {
  if (workload_ == nullptr) return done(absl::OkStatus());
  workload_->Resize(size, std::move(done));
}

}  // namespace shim
