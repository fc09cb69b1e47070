// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/wasm_workload.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/status_macros.h"
#include "container/cgroup_limits.h"
#include "container/container_cgroup.h"
#include "container/freezer.h"
#include "container/namespaces.h"
#include "container/oom_monitor.h"
#include "container/recorded_process.h"
#include "oci/spec_parser.h"
#include "reference-shim/backends/metrics.h"
#include "reference-shim/backends/oci/engine_options.h"
#include "reference-shim/backends/wasm/module_file.h"
#include "reference-shim/backends/wasm/process_cover.h"
#include "reference-shim/backends/wasm/stage_limits.h"
#include "reference-shim/backends/wasm/wasm_exec.h"
#include "reference-shim/backends/wasm/wasm_options.h"
#include "reference-shim/backends/wasm/wasm_record.h"

namespace backends {
namespace {

using container::SyncKind;

// "slice:prefix:name", which is no path: limits of the slice would not hold below it.
bool NamesSystemdUnit(absl::string_view cgroups_path) {
  const std::vector<absl::string_view> parts = absl::StrSplit(cgroups_path, ':');
  return parts.size() == 3 && (parts[0].empty() || absl::EndsWith(parts[0], ".slice"));
}

// Below a slice a cgroup of ours would be one that systemd does not know of: it may take
// controllers away there whenever one of its own units comes or goes, and the limits with them.
absl::Status RefuseSystemd(const EngineOptions& options, const oci::Spec& spec) {
  if (options.systemd_cgroup) {
    return absl::FailedPreconditionError(
        "runtime option systemd_cgroup: not supported for Wasm tasks; the cgroups are ours");
  }
  if (NamesSystemdUnit(spec.linux.cgroups_path)) {
    return absl::FailedPreconditionError(
        absl::StrCat("linux.cgroupsPath: \"", spec.linux.cgroups_path,
                     "\" is for systemd; a Wasm task needs a path of the cgroupfs driver"));
  }
  return absl::OkStatus();
}

}  // namespace

WasmWorkload::WasmWorkload(WasmHost& host, shim::CreateSpec spec)
    : host_(host),
      spec_(std::move(spec.spec)),
      pid_file_(absl::StrCat(spec.bundle, "/init.pid")),
      checkpoint_(std::move(spec.checkpoint)),
      options_(std::move(spec.options)),
      io_(std::move(spec.io)),
      on_exit_(std::move(spec.on_exit)),
      on_oom_(std::move(spec.on_oom)),
      plan_{.id = spec.id,
            .bundle = spec.bundle,
            .cgroup = {},
            .config = "",
            .entry = "",
            .process_json = ""},
      hooks_(host.context, spec_, spec.id, spec.bundle),
      freeze_look_(host.context.loop),
      kill_deadline_(host.context.loop) {}

WasmWorkload::~WasmWorkload() = default;

// --- Create ---------------------------------------------------------------------------------

void WasmWorkload::Create(shim::Done<> done) {
  created_ = [done = std::move(done)](absl::Status status) mutable {
    done(base::Annotate(status, "wasm create failed"));
  };
  absl::StatusOr<base::UniqueFd> module = Plan();
  if (!module.ok()) return std::exchange(created_, nullptr)(module.status());
  Compile(*std::move(module));
}

absl::StatusOr<base::UniqueFd> WasmWorkload::Plan() {
  if (!checkpoint_.empty()) {
    return absl::UnimplementedError("a Wasm task cannot be restored from a checkpoint");
  }
  ASSIGN_OR_RETURN(const EngineOptions options, ParseEngineOptions(options_));
  RETURN_IF_ERROR(RefuseSystemd(options, spec_));
  ASSIGN_OR_RETURN(const WasmOptions wasm, ParseWasmOptions(spec_.annotations));
  if (spec_.process.args.empty()) {
    return absl::InvalidArgumentError("process.args: must not be empty");
  }
  const ModuleName name = ParseModuleName(spec_.process.args.front());
  plan_.entry = name.entry;
  plan_.config = WasmConfigOf(spec_.process, wasm.fuel != 0);
  plan_.memory_bytes_max = wasm.memory_bytes_max;
  plan_.fuel = wasm.fuel;
  plan_.run_ms_max = wasm.run_ms_max;
  plan_.no_pivot = options.no_pivot_root;
  plan_.new_keyring = !options.no_new_keyring;
  ASSIGN_OR_RETURN(const ModuleRoot root, RootOfBundle(spec_, plan_.bundle));
  return OpenModule(root, spec_.process, name);
}

void WasmWorkload::Compile(base::UniqueFd module) {
  const absl::StatusOr<ModuleCache*> modules = host_.Modules();
  if (!modules.ok()) return Abandon(modules.status());
  module_.reset(::fcntl(module.get(), F_DUPFD_CLOEXEC, 0));
  (*modules)->Get(
      std::move(module), plan_.config,
      guard_.Wrap([this](absl::StatusOr<ModuleArtefact> code) { OnCode(std::move(code)); }));
}

void WasmWorkload::OnCode(absl::StatusOr<ModuleArtefact> code) {
  if (!code.ok()) return Abandon(code.status());
  code_ = *std::move(code);
  const absl::Status launched = Launch();
  if (!launched.ok()) return Abandon(launched);
  if (!stage::PausesWhenMounted(spec_)) return AwaitReady();
  init_->Await(SyncKind::kMounted, kStageTimeout,
               guard_.Wrap([this](const absl::Status& status) { OnMounted(status); }));
}

absl::Status WasmWorkload::MakeCgroup() {
  ASSIGN_OR_RETURN(plan_.cgroup, container::MakeContainerCgroup(host_.Cgroups(), spec_, plan_.id));
  const absl::StatusOr<std::vector<pid_t>> others = container::ListProcesses(plan_.cgroup);
  if (others.ok() && !others->empty()) {
    // Whatever they are, they would be killed with the container.
    const std::string directory = std::exchange(plan_.cgroup, {}).MembersDirectory();
    return absl::FailedPreconditionError(
        absl::StrCat("the container's cgroup is not empty: ", directory));
  }
  recorded_ = true;
  // Before anything runs: `delete` must find it, whenever we die (DEL-11).
  return SaveWasmRecord(plan_.bundle, plan_);
}

absl::Status WasmWorkload::Launch() {
  ASSIGN_OR_RETURN(const container::NamespacePlan namespaces, container::PlanNamespaces(spec_));
  StageSpec stage{.program = "", .code = code_.code.get(), .io = &io_};
  ASSIGN_OR_RETURN(stage.program, host_.StageProgram());
  // A user namespace the stage refuses by name; in one it could not even read the spec.
  stage.namespaces = namespaces.fresh & ~CLONE_NEWUSER;
  for (const container::NamespacePlan::Join& join : namespaces.joins) {
    if (join.flag == CLONE_NEWPID) stage.pid_namespace = join.fd.get();
  }
  init_ = std::make_unique<StageProcess>(host_.context, absl::StrCat("container ", plan_.id));
  RETURN_IF_ERROR(init_->Spawn(std::move(stage)));
  pid_ = init_->pid();
  // The other half of the work, while the program is loaded: it waits for its plan.
  if (!recorded_) RETURN_IF_ERROR(MakeCgroup());
  planned_ = true;
  RETURN_IF_ERROR(container::WritePidFile(pid_file_, pid_));
  RETURN_IF_ERROR(init_->GivePlan(plan_));
  RETURN_IF_ERROR(init_->Send(SyncKind::kGo));
  if (HasCgroup()) oom_monitor_ = container::OomMonitor::Create(plan_.cgroup);
  return absl::OkStatus();
}

void WasmWorkload::OnMounted(const absl::Status& status) {
  if (!status.ok()) return OnReady(status);
  hooks_.BeforeStart(pid_, guard_.Wrap([this](const absl::Status& ran) { OnHooks(ran); }));
}

// The cache thought better of it than the engine does.
void WasmWorkload::CompileAnew() {
  anew_ = true;
  host_.context.log.Info("container ", plan_.id, ": its code is compiled anew");
  const absl::StatusOr<ModuleCache*> modules = host_.Modules();
  if (!modules.ok()) return Abandon(modules.status());
  (*modules)->Forget(code_.key);
  Compile(std::move(module_));
}

void WasmWorkload::OnHooks(const absl::Status& status) {
  absl::Status next = status;
  if (next.ok()) next = init_->Send(SyncKind::kGo);
  if (!next.ok()) return Abandon(next);
  AwaitReady();
}

void WasmWorkload::AwaitReady() {
  init_->Await(SyncKind::kReady, kStageTimeout,
               guard_.Wrap([this](const absl::Status& ready) { OnReady(ready); }));
}

void WasmWorkload::OnReady(const absl::Status& status) {
  if (!status.ok() && init_->refused_code() && !anew_) return CompileAnew();
  absl::Status next = status;
  if (next.ok()) next = init_->PassConsole();
  if (!next.ok()) return Abandon(next);
  io_ = {};  // only the process holds it from here on (IO-03)
  module_.reset();
  WatchCgroup();
  init_->OnExit([this](const base::ExitStatus& ended) { OnInitExit(ended); });
  init_->Release();
  std::exchange(created_, nullptr)(absl::OkStatus());
}

void WasmWorkload::Abandon(absl::Status why) {
  io_ = {};
  Dismantle(guard_.Wrap([this, why = std::move(why)](const absl::Status& dismantled) mutable {
    if (!dismantled.ok()) {
      host_.context.log.Warning("after a failed create of ", plan_.id, ": ", dismantled.message());
    }
    std::exchange(created_, nullptr)(std::move(why));  // may destroy this
  }));
}

void WasmWorkload::WatchCgroup() {
  if (!oom_monitor_.has_value()) return;
  absl::StatusOr<container::OomMonitor> monitor = *std::exchange(oom_monitor_, std::nullopt);
  if (monitor.ok()) {
    oom_ = std::make_unique<OomWatch>(host_.context.loop, *std::move(monitor), on_oom_);
  } else {
    host_.context.log.Info("container ", plan_.id, ": no OOM events: ", monitor.status().message());
  }
}

// --- the verbs of a container that exists ---------------------------------------------------

void WasmWorkload::Start(shim::Done<pid_t> done) {
  const absl::Status sent = init_->Send(SyncKind::kGo);
  if (!sent.ok()) {
    return done(absl::FailedPreconditionError("wasm start failed: the init has ended"));
  }
  auto started = guard_.Wrap([this, done = std::move(done)](const absl::Status& status) mutable {
    OnStarted(status, std::move(done));
  });
  if (spec_.hooks.start_container.empty()) {
    return init_->Await(SyncKind::kStarted, kStageTimeout, std::move(started));
  }
  init_->Await(SyncKind::kHooked, kStageTimeout,
               guard_.Wrap([this, started = std::move(started)](absl::Status status) mutable {
                 if (!status.ok()) return started(status);
                 CoverProcesses(std::move(started));
               }));
}

void WasmWorkload::CoverProcesses(shim::Done<> started) {
  cover_ = std::make_unique<shim::ForkedStep>(host_.context.loop, host_.context.reaper);
  cover_->Run(
      "covering /proc", kStageTimeout, [this] { return CoverProcessFileSystems(pid_file_); },
      guard_.Wrap([this, started = std::move(started)](absl::Status status) mutable {
        if (status.ok()) status = init_->Send(SyncKind::kGo);
        if (!status.ok()) (void)init_->Signal(SIGKILL);
        if (!status.ok()) return started(std::move(status));
        init_->Await(SyncKind::kStarted, kStageTimeout, std::move(started));
      }));
}

void WasmWorkload::OnStarted(const absl::Status& status, shim::Done<pid_t> done) {
  if (!status.ok()) return done(base::Annotate(status, "wasm start failed"));
  // HOOK-09 as runc has it: a failure is one of start, and ends the container.
  hooks_.Poststart(pid_,
                   guard_.Wrap([this, done = std::move(done)](const absl::Status& ran) mutable {
                     if (ran.ok()) return done(pid_);
                     (void)init_->Signal(SIGKILL);
                     done(base::Annotate(ran, "wasm start failed"));
                   }));
}

void WasmWorkload::OnInitExit(const base::ExitStatus& status) {
  if (oom_ != nullptr) oom_->Check();
  std::exchange(on_exit_, nullptr)(status);
}

void WasmWorkload::Signal(int signo, shim::SignalScope scope, shim::Done<> done) {
  if (signo < 0 || signo > SIGRTMAX) {
    return done(absl::InvalidArgumentError(absl::StrCat("no signal ", signo)));
  }
  if (scope == shim::SignalScope::kAll && HasCgroup()) {
    return done(container::SignalAll(plan_.cgroup, signo));
  }
  const absl::Status sent = init_->Signal(signo);
  // v1 lets no frozen process die (KILL-08).
  if (sent.ok() && signo == SIGKILL && HasCgroup()) (void)container::Thaw(plan_.cgroup);
  done(sent);
}

absl::StatusOr<std::unique_ptr<shim::ExecWorkload>> WasmWorkload::Exec(shim::ExecSpec spec) {
  return std::make_unique<WasmExec>(host_, plan_, pid_, std::move(spec));
}

void WasmWorkload::Pause(shim::Done<> done) {
  const absl::Status frozen = container::Freeze(plan_.cgroup);
  if (!frozen.ok()) return done(base::Annotate(frozen, "wasm pause failed"));
  AwaitFrozen(std::chrono::steady_clock::now() + kFreezeTimeout, std::move(done));
}

void WasmWorkload::AwaitFrozen(std::chrono::steady_clock::time_point limit, shim::Done<> done) {
  absl::StatusOr<bool> frozen = container::HasFrozen(plan_.cgroup);
  if (frozen.ok() && *frozen) return done(absl::OkStatus());
  if (frozen.ok() && std::chrono::steady_clock::now() > limit) {
    frozen = absl::DeadlineExceededError("the container cannot be frozen");
  }
  if (!frozen.ok()) {
    (void)container::Thaw(plan_.cgroup);
    return done(base::Annotate(frozen.status(), "wasm pause failed"));
  }
  // Shared by the copies of the timer's callback, of which one is called.
  auto shared = std::make_shared<shim::Done<>>(std::move(done));
  freeze_look_.Set(kFreezeLook, [this, limit, shared] { AwaitFrozen(limit, std::move(*shared)); });
}

void WasmWorkload::Resume(shim::Done<> done) {
  done(base::Annotate(container::Thaw(plan_.cgroup), "wasm resume failed"));
}

void WasmWorkload::Update(std::string resources_json, shim::Done<> done) {
  const absl::StatusOr<oci::Resources> resources = oci::ParseResources(resources_json);
  absl::Status status = resources.status();
  if (status.ok()) status = container::ApplyResources(plan_.cgroup, *resources);
  done(base::Annotate(status, "wasm update failed"));
}

void WasmWorkload::Sample(shim::Done<shim::Opaque> done) {
  if (HasCgroup()) return done(SampleMetrics(plan_.cgroup));
  const absl::StatusOr<container::Cgroup> shared = host_.Cgroups().Locate(pid_);
  if (!shared.ok()) return done(absl::NotFoundError("the container has no cgroup"));
  done(SampleMetrics(*shared));
}

void WasmWorkload::Pids(shim::Done<std::vector<pid_t>> done) {
  if (HasCgroup()) return done(container::ListProcesses(plan_.cgroup));
  done(init_->alive() ? std::vector<pid_t>{pid_} : std::vector<pid_t>());
}

void WasmWorkload::Checkpoint(shim::CheckpointSpec, shim::Done<> done) {
  done(absl::UnimplementedError("wasm checkpoint failed: the state of an engine cannot be saved"));
}

// --- the end --------------------------------------------------------------------------------

void WasmWorkload::Delete(shim::Done<> done) {
  Dismantle([done = std::move(done)](const absl::Status& status) mutable {
    done(base::Annotate(status, "wasm delete failed"));
  });
}

void WasmWorkload::Dismantle(shim::Done<> done) {
  oom_.reset();  // the removal of a cgroup is no OOM
  oom_monitor_.reset();
  if (HasCgroup()) (void)container::SignalAll(plan_.cgroup, SIGKILL);
  if (init_ == nullptr || !init_->alive()) return RemoveCgroup(std::move(done));
  (void)init_->Signal(SIGKILL);
  // Shared by the two callbacks below, of which the first to come takes it.
  auto remove = [this, done = std::make_shared<shim::Done<>>(std::move(done))] {
    if (*done == nullptr) return;
    kill_deadline_.Clear();
    RemoveCgroup(std::exchange(*done, nullptr));
  };
  killed_ = host_.context.reaper.OnExit(pid_, [remove](const base::ExitStatus&) { remove(); });
  kill_deadline_.Set(kDismantleTimeout, remove);
}

void WasmWorkload::RemoveCgroup(shim::Done<> done) {
  if (!HasCgroup()) return RunPoststop(std::move(done));
  removal_.emplace(host_.context.loop, plan_.cgroup, container::CgroupEnd::kKill, kDismantleTimeout,
                   [this, done = std::move(done)](absl::Status status) mutable {
                     if (!status.ok()) return done(std::move(status));
                     RunPoststop(std::move(done));
                   });
}

void WasmWorkload::RunPoststop(shim::Done<> done) {
  if (!std::exchange(recorded_, false)) return done(absl::OkStatus());
  if (created_ != nullptr) ::unlink(pid_file_.c_str());
  // First, so that nobody runs them again. Without the record, `delete` has run them.
  if (!RemoveWasmRecord(plan_.bundle) || !planned_) return done(absl::OkStatus());
  hooks_.Poststop(kHooksTimeout,
                  guard_.Wrap([this, done = std::move(done)](const absl::Status& ran) mutable {
                    if (!ran.ok()) {
                      host_.context.log.Warning("container ", plan_.id, ": ", ran.message());
                    }
                    done(absl::OkStatus());
                  }));
}

}  // namespace backends
