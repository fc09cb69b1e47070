// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/oci_workload.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/status_macros.h"
#include "container/oom_monitor.h"
#include "reference-shim/backends/metrics.h"
#include "reference-shim/backends/oci/checkpoint.h"
#include "reference-shim/backends/oci/engine_ps.h"
#include "reference-shim/backends/oci/limits.h"
#include "reference-shim/backends/oci/oci_exec.h"

namespace backends {
namespace {

// Engines that run the container's processes as processes of the host, so that a signal to the pid
// is a signal to the process. Others (gVisor, VMs) put something in between.
bool RunsPlainProcesses(absl::string_view binary) {
  binary.remove_prefix(binary.rfind('/') + 1);
  return binary == "runc" || binary == "crun" || binary == "youki";
}

// What engines say when there is nothing (left) to signal.
bool SaysGone(absl::string_view message) {
  for (const absl::string_view words :
       {"does not exist", "process already finished", "not running", "no such process"}) {
    if (absl::StrContains(message, words)) return true;
  }
  return false;
}

// A descriptor that reads as `text`.
absl::StatusOr<base::UniqueFd> ReadableText(const std::string& text) {
  base::UniqueFd file(::memfd_create("engine-input", MFD_CLOEXEC));
  if (!file.ok()) return base::ErrnoStatus(errno, "memfd_create");
  const ssize_t written = ::pwrite(file.get(), text.data(), text.size(), 0);
  if (written != static_cast<ssize_t>(text.size())) {
    return absl::ResourceExhaustedError("input of the engine");
  }
  return file;
}

shim::Done<std::string> StatusOnly(shim::Done<> done) {
  return [done = std::move(done)](const absl::StatusOr<std::string>& result) mutable {
    done(result.status());
  };
}

}  // namespace

OciWorkload::OciWorkload(OciHost& host, const EngineOptions& options, shim::CreateSpec spec)
    : host_(host),
      id_(std::move(spec.id)),
      bundle_(std::move(spec.bundle)),
      pid_file_(absl::StrCat(bundle_, "/init.pid")),
      checkpoint_(std::move(spec.checkpoint)),
      options_(options),
      engine_(host, SettingsFor(options, host.context.namespace_name, bundle_)),
      io_(std::move(spec.io)),
      on_exit_(std::move(spec.on_exit)),
      on_oom_(std::move(spec.on_oom)),
      init_(host),
      kill_deadline_(host.context.loop) {}

OciWorkload::~OciWorkload() = default;

void OciWorkload::Create(shim::Done<> done) {
  if (!checkpoint_.empty()) return done(absl::OkStatus());
  EngineCommand command{.verb = "create", .flags = {"--bundle", bundle_}, .arguments = {id_}};
  if (options_.no_pivot_root) command.flags.emplace_back("--no-pivot");
  if (options_.no_new_keyring) command.flags.emplace_back("--no-new-keyring");
  RunLaunch(std::move(command), std::move(done));
}

void OciWorkload::RunLaunch(EngineCommand command, shim::Done<> done) {
  launch_ = std::make_unique<Launch>(host_, engine_);
  launch_->Run({.command = std::move(command),
                .pid_file = pid_file_,
                .console_name = "init.console",
                .io = std::move(io_)},
               [this, done = std::move(done)](absl::Status status) mutable {
                 if (status.ok()) status = Adopt();
                 launch_.reset();
                 done(std::move(status));  // may destroy this
               });
}

absl::Status OciWorkload::Adopt() {
  ASSIGN_OR_RETURN(const pid_t pid, init_.Adopt(pid_file_, [this](const base::ExitStatus& status) {
    OnInitExit(status);
  }));
  absl::StatusOr<container::Cgroup> cgroup = host_.Cgroups().LocateOwn(pid);
  if (cgroup.ok()) {
    cgroup_ = *std::move(cgroup);
    WatchCgroup();
  } else {
    host_.context.log.Info("container ", id_, ": ", cgroup.status().message());
  }
  return absl::OkStatus();
}

void OciWorkload::WatchCgroup() {
  const absl::Status enabled = container::EnableControllers(host_.Cgroups(), *cgroup_);
  if (!enabled.ok()) host_.context.log.Info("container ", id_, ": ", enabled.message());
  absl::StatusOr<container::OomMonitor> monitor = container::OomMonitor::Create(*cgroup_);
  if (monitor.ok()) {
    oom_ = std::make_unique<OomWatch>(host_.context.loop, *std::move(monitor), on_oom_);
  } else {
    host_.context.log.Info("container ", id_, ": no OOM events: ", monitor.status().message());
  }
}

void OciWorkload::OnInitExit(const base::ExitStatus& status) {
  if (oom_ != nullptr) oom_->Check();
  std::exchange(on_exit_, nullptr)(status);
}

void OciWorkload::Start(shim::Done<pid_t> done) {
  auto answer = [this, done = std::move(done)](absl::Status status) mutable {
    status.ok() ? done(pid()) : done(std::move(status));
  };
  if (checkpoint_.empty()) return RunVerb("start", std::move(answer));
  RunLaunch(RestoreCommand(id_, bundle_, options_, checkpoint_),
            [this, answer = std::move(answer)](absl::Status status) mutable {
              if (status.ok()) checkpoint_.clear();
              answer(std::move(status));
            });
}

void OciWorkload::RunVerb(const std::string& verb, shim::Done<> done) {
  const auto timeout = verb == "start" ? kLaunchTimeout : kControlTimeout;
  runs_.Start(engine_, {.verb = verb, .arguments = {id_}}, {}, timeout,
              StatusOnly(std::move(done)));
}

void OciWorkload::Signal(int signo, shim::SignalScope scope, shim::Done<> done) {
  if (signo < 0 || signo > SIGRTMAX) {
    return done(absl::InvalidArgumentError(absl::StrCat("no signal ", signo)));
  }
  // Without a cgroup of its own, which processes are the container's is for the engine to know.
  const bool known = scope != shim::SignalScope::kAll || cgroup_.has_value();
  if (known && RunsPlainProcesses(engine_.settings().binary)) {
    return done(SignalDirectly(signo, scope));
  }
  SignalByEngine(signo, scope, std::move(done));
}

absl::Status OciWorkload::SignalDirectly(int signo, shim::SignalScope scope) const {
  if (scope == shim::SignalScope::kAll && cgroup_.has_value()) {
    return container::SignalAll(*cgroup_, signo);
  }
  RETURN_IF_ERROR(init_.Signal(signo));
  // v1 lets no frozen process die (KILL-08).
  if (signo == SIGKILL && cgroup_.has_value()) (void)container::Thaw(*cgroup_);
  return absl::OkStatus();
}

void OciWorkload::SignalByEngine(int signo, shim::SignalScope scope, shim::Done<> done) {
  EngineCommand command{.verb = "kill", .flags = {}, .arguments = {id_, absl::StrCat(signo)}};
  if (scope == shim::SignalScope::kAll) command.flags.emplace_back("--all");
  runs_.Start(
      engine_, command, {}, kControlTimeout,
      [this, signo, done = std::move(done)](const absl::StatusOr<std::string>& result) mutable {
        if (!result.ok() && SaysGone(result.status().message())) {
          return done(absl::NotFoundError(result.status().message()));
        }
        if (result.ok() && signo == SIGKILL && cgroup_.has_value()) {
          (void)container::Thaw(*cgroup_);
        }
        done(result.status());
      });
}

absl::StatusOr<std::unique_ptr<shim::ExecWorkload>> OciWorkload::Exec(shim::ExecSpec spec) {
  return std::make_unique<OciExec>(host_, engine_, id_, std::move(spec));
}

void OciWorkload::Pause(shim::Done<> done) { RunVerb("pause", std::move(done)); }

void OciWorkload::Resume(shim::Done<> done) { RunVerb("resume", std::move(done)); }

void OciWorkload::Update(std::string resources_json, shim::Done<> done) {
  const absl::StatusOr<base::UniqueFd> input = ReadableText(resources_json);
  if (!input.ok()) return done(input.status());
  runs_.Start(engine_, {.verb = "update", .flags = {"--resources=-"}, .arguments = {id_}},
              {.input = input->get()}, kControlTimeout, StatusOnly(std::move(done)));
}

void OciWorkload::Checkpoint(shim::CheckpointSpec spec, shim::Done<> done) {
  absl::StatusOr<CheckpointPlan> plan = PlanCheckpoint(id_, bundle_, options_, spec);
  if (!plan.ok()) return done(plan.status());
  const EngineCommand command = plan->command;
  runs_.Start(engine_, command, {}, kCheckpointTimeout,
              [this, plan = *std::move(plan),
               done = std::move(done)](const absl::StatusOr<std::string>& result) mutable {
                done(FinishCheckpoint(plan, bundle_, result.status()));
              });
}

void OciWorkload::Sample(shim::Done<shim::Opaque> done) {
  if (cgroup_.has_value()) return done(SampleMetrics(*cgroup_));
  // A rootless engine may make none: what can be said is how the one does that it lives in.
  const absl::StatusOr<container::Cgroup> shared = host_.Cgroups().Locate(init_.pid());
  if (!shared.ok()) return done(absl::NotFoundError("the container has no cgroup"));
  done(SampleMetrics(*shared));
}

void OciWorkload::Pids(shim::Done<std::vector<pid_t>> done) {
  if (cgroup_.has_value()) return done(container::ListProcesses(*cgroup_));
  if (!init_.alive()) return done(std::vector<pid_t>());
  runs_.Start(engine_, {.verb = "ps", .flags = {"--format", "json"}, .arguments = {id_}}, {},
              kControlTimeout,
              [done = std::move(done)](const absl::StatusOr<std::string>& result) mutable {
                done(result.ok() ? ParseEnginePs(*result) : result.status());
              });
}

void OciWorkload::Delete(shim::Done<> done) {
  oom_.reset();  // the removal of a cgroup is no OOM
  if (!init_.alive()) return Remove(std::move(done));
  // Ended here, since an engine would poll for the end of what it kills.
  if (cgroup_.has_value()) (void)container::SignalAll(*cgroup_, SIGKILL);
  (void)init_.Signal(SIGKILL);
  auto remove = [this, done = std::make_shared<shim::Done<>>(std::move(done))] {
    // Shared by the two callbacks below, of which the first to come takes it.
    if (*done == nullptr) return;
    kill_deadline_.Clear();
    Remove(std::exchange(*done, nullptr));
  };
  killed_ =
      host_.context.reaper.OnExit(init_.pid(), [remove](const base::ExitStatus&) { remove(); });
  kill_deadline_.Set(kKilledInitTimeout, remove);
}

void OciWorkload::Remove(shim::Done<> done) {
  runs_.Start(engine_, {.verb = "delete", .flags = {"--force"}, .arguments = {id_}}, {},
              kDeleteTimeout,
              [done = std::move(done)](const absl::StatusOr<std::string>& result) mutable {
                const bool gone = !result.ok() && SaysGone(result.status().message());
                done(gone ? absl::OkStatus() : result.status());
              });
}

}  // namespace backends
