// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/wasm_exec.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "container/recorded_process.h"
#include "oci/spec_parser.h"
#include "reference-shim/backends/exec_files.h"
#include "reference-shim/backends/wasm/module_file.h"
#include "reference-shim/backends/wasm/stage_limits.h"

namespace backends {

using container::SyncKind;

WasmExec::WasmExec(WasmHost& host, const stage::StagePlan& container, pid_t init,
                   shim::ExecSpec spec)
    : host_(host),
      spec_(std::move(spec)),
      init_(init),
      pid_file_(absl::StrCat(ExecFileStem(container.bundle, spec_.exec_id), ".pid")),
      plan_(container) {
  plan_.process_json = spec_.process_json;
  plan_.container_pid = init;
}

WasmExec::~WasmExec() { ::unlink(pid_file_.c_str()); }

void WasmExec::Start(shim::Done<pid_t> done) {
  done_ = std::move(done);
  absl::StatusOr<base::UniqueFd> module = Plan();
  if (!module.ok()) return Finish(module.status());
  Compile(*std::move(module));
}

absl::StatusOr<base::UniqueFd> WasmExec::Plan() {
  ASSIGN_OR_RETURN(const oci::Process process, oci::ParseProcess(spec_.process_json));
  if (process.args.empty()) return absl::InvalidArgumentError("process.args: must not be empty");
  const ModuleName name = ParseModuleName(process.args.front());
  plan_.entry = name.entry;
  plan_.config = WasmConfigOf(process, plan_.fuel != 0);
  ASSIGN_OR_RETURN(const ModuleRoot root, RootOfProcess(init_));
  ASSIGN_OR_RETURN(base::UniqueFd module, OpenModule(root, process, name));
  RETURN_IF_ERROR(RequireWasm(module, name));
  return module;
}

void WasmExec::Compile(base::UniqueFd module) {
  const absl::StatusOr<ModuleCache*> modules = host_.Modules();
  if (!modules.ok()) return Finish(modules.status());
  module_.reset(::fcntl(module.get(), F_DUPFD_CLOEXEC, 0));
  (*modules)->Get(
      std::move(module), plan_.config,
      guard_.Wrap([this](absl::StatusOr<ModuleArtefact> code) { OnCode(std::move(code)); }));
}

void WasmExec::OnCode(absl::StatusOr<ModuleArtefact> code) {
  if (!code.ok()) return Finish(code.status());
  code_ = *std::move(code);
  const absl::Status launched = Launch();
  if (!launched.ok()) return Finish(launched);
  process_->Await(SyncKind::kStarted, kStageTimeout,
                  guard_.Wrap([this](const absl::Status& status) { OnStarted(status); }));
}

absl::Status WasmExec::Launch() {
  const absl::StatusOr<base::UniqueFd> container = base::OpenPidfd(init_);
  const base::UniqueFd pid_namespace(
      ::open(absl::StrCat("/proc/", init_, "/ns/pid").c_str(), O_RDONLY | O_CLOEXEC));
  if (!container.ok() || !pid_namespace.ok() || base::HasExited(*container)) {
    return absl::FailedPreconditionError("cannot exec in a stopped container");
  }
  process_ = std::make_unique<StageProcess>(
      host_.context, absl::StrCat("container ", plan_.id, ", exec ", spec_.exec_id));
  StageSpec stage{.program = "",
                  .code = code_.code.get(),
                  .io = &spec_.io,
                  .namespaces = 0,
                  .pid_namespace = pid_namespace.get(),
                  .container = container->get()};
  ASSIGN_OR_RETURN(stage.program, host_.StageProgram());
  RETURN_IF_ERROR(process_->Spawn(std::move(stage)));
  RETURN_IF_ERROR(container::WritePidFile(pid_file_, process_->pid()));
  RETURN_IF_ERROR(process_->GivePlan(plan_));
  return process_->Send(SyncKind::kGo);
}

void WasmExec::OnStarted(const absl::Status& status) {
  if (!status.ok() && process_->refused_code() && !anew_) return CompileAnew();
  absl::Status next = status;
  if (next.ok()) next = process_->PassConsole();
  if (!next.ok()) return Finish(next);
  spec_.io = {};  // only the process holds it from here on (IO-03)
  process_->OnExit(std::move(spec_.on_exit));
  Finish(process_->pid());
}

// The cache thought better of it than the engine does.
void WasmExec::CompileAnew() {
  anew_ = true;
  const absl::StatusOr<ModuleCache*> modules = host_.Modules();
  if (!modules.ok()) return Finish(modules.status());
  (*modules)->Forget(code_.key);
  Compile(std::move(module_));
}

void WasmExec::Finish(absl::StatusOr<pid_t> result) {
  module_.reset();
  if (!result.ok()) {
    ::unlink(pid_file_.c_str());
    result = base::Annotate(result.status(), "wasm exec failed");
  }
  std::exchange(done_, nullptr)(std::move(result));  // may destroy this
}

void WasmExec::Signal(int signo, shim::Done<> done) {
  if (process_ == nullptr) return done(absl::NotFoundError("process already finished"));
  done(process_->Signal(signo));
}

}  // namespace backends
