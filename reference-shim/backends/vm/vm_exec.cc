// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/vm_exec.h"

#include <absl/strings/str_cat.h>

#include <csignal>
#include <utility>

#include "base/status_macros.h"
#include "oci/spec_parser.h"
#include "reference-shim/backends/vm/limits.h"
#include "reference-shim/backends/vm/vm_workload.h"

namespace backends {

VmExec::VmExec(const shim::BackendContext& context, Sandbox& sandbox, const std::string& container,
               shim::ExecSpec spec)
    : context_(context),
      sandbox_(sandbox),
      name_(absl::StrCat(container, "/", spec.exec_id)),
      spec_(std::move(spec)),
      key_{.container = container, .exec = spec_.exec_id} {}

VmExec::~VmExec() {
  if (process_ == nullptr) return;
  sandbox_.Leave(name_);
  if (sandbox_.agent() == nullptr || process_->ended()) return;
  sandbox_.agent()->SignalProcess(key_, SIGKILL, kSignalTimeout, [](const absl::Status&) {});
}

void VmExec::Start(shim::Done<pid_t> done) {
  const auto failed = [&done](const absl::Status& status) {
    done(base::Annotate(status, "vm exec failed"));
  };
  absl::StatusOr<oci::Process> process = oci::ParseProcess(spec_.process_json);
  if (!process.ok()) return failed(process.status());
  if (process->args.empty()) {
    return failed(absl::InvalidArgumentError("process.args: must not be empty"));
  }
  if (sandbox_.agent() == nullptr) return failed(NoVm());
  size_ = spec_.io.size;
  if (size_.has_value()) {
    process->console_size = {.height = size_->height, .width = size_->width};
  }
  process_ = std::make_unique<GuestProcess>(context_.loop, key_, sandbox_.pid(),
                                            std::move(spec_.io), std::move(spec_.on_exit));
  const absl::Status prepared = process_->Prepare();
  if (!prepared.ok()) return failed(prepared);
  sandbox_.agent()->ExecProcess(
      key_, *process,
      guard_.Wrap([this, done = std::move(done)](const absl::Status& status) mutable {
        OnStarted(status, std::move(done));
      }));
}

void VmExec::OnStarted(const absl::Status& status, shim::Done<pid_t> done) {
  absl::Status next = status;
  if (next.ok() && sandbox_.agent() == nullptr) next = NoVm();
  if (!next.ok()) {
    process_.reset();
    return done(base::Annotate(next, "vm exec failed"));
  }
  sandbox_.Join(name_, {.lost = guard_.Wrap([this](unsigned lost) { process_->Lose(lost); }),
                        .out_of_memory = [] {}});
  process_->Watch(*sandbox_.agent());
  process_->CopyInput();
  if (size_.has_value()) {
    sandbox_.agent()->ResizeTerminal(key_, *size_, [](const absl::Status&) {});
  }
  done(sandbox_.pid());
}

void VmExec::Signal(int signo, shim::Done<> done) {
  if (process_ == nullptr || sandbox_.agent() == nullptr) {
    return done(absl::NotFoundError("process already finished"));
  }
  if (signo < 0 || signo > SIGRTMAX) {
    return done(absl::InvalidArgumentError(absl::StrCat("no signal ", signo)));
  }
  if (signo == SIGKILL) process_->KillSent();
  sandbox_.agent()->SignalProcess(key_, signo, kSignalTimeout, std::move(done));
}

void VmExec::Flush(shim::Done<> done) {
  process_ == nullptr ? done(absl::OkStatus()) : process_->Flush(std::move(done));
}

void VmExec::Resize(shim::WindowSize size, shim::Done<> done) {
  if (process_ == nullptr || sandbox_.agent() == nullptr) return done(absl::OkStatus());
  sandbox_.agent()->ResizeTerminal(key_, size, std::move(done));
}

}  // namespace backends
