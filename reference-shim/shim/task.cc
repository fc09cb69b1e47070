// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/task.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <csignal>

#include "base/status_macros.h"
#include "containerd/identifiers.h"
#include "containerd/timestamps.h"
#include "oci/process_json.h"
#include "oci/spec_parser.h"
#include "reference-shim/shim/limits.h"

namespace shim {
namespace {

using containerd::task::v3::CreateTaskRequest;
using containerd::task::v3::DeleteResponse;
using containerd::task::v3::ExecProcessRequest;
using containerd::task::v3::StateResponse;

absl::Status NoSuchTask(const std::string& id) {
  return absl::NotFoundError(absl::StrCat("container ", id, " not found"));
}

absl::Status NoSuchExec(const std::string& exec_id) {
  return absl::NotFoundError(absl::StrCat("process ", exec_id, " not found"));
}

DeleteResponse DeleteResponseOf(const Process& process) {
  DeleteResponse response;
  response.set_pid(static_cast<std::uint32_t>(process.pid()));
  if (process.exit()) {
    response.set_exit_status(process.exit()->status);
    *response.mutable_exited_at() = containerd::ToTimestamp(process.exit()->at);
  }
  return response;
}

containerd::types::Status WireStatus(ProcessState state) {
  switch (state) {
    case ProcessState::kCreated:
      return containerd::types::CREATED;
    case ProcessState::kRunning:
      return containerd::types::RUNNING;
    case ProcessState::kPaused:
      return containerd::types::PAUSED;
    case ProcessState::kStopped:
    case ProcessState::kDeleted:
      return containerd::types::STOPPED;
  }
  return containerd::types::UNKNOWN;
}

}  // namespace

Task::Task(const TaskContext& context, const CreateTaskRequest& request)
    : context_(context),
      bundle_(request.bundle()),
      init_(ProcessKind::kInit, request.id(),
            {.in = request.stdin(),
             .out = request.stdout(),
             .err = request.stderr(),
             .terminal = request.terminal()}),
      settle_limit_(context.loop),
      killed_init_limit_(context.loop) {}

// --- create, start, exec --------------------------------------------------------------------

void Task::Create(const CreateTaskRequest& request, Done<pid_t> done) {
  creation_ = std::make_unique<TaskCreation>(
      context_, request,
      guard_.Wrap([this](const base::ExitStatus& status) { OnInitExit(status); }),
      guard_.Wrap([this] { OnOutOfMemory(); }));
  verbs_.Enter(VerbQueue::kWholeTask, guard_.Wrap([this, request, done = std::move(done)](
                                                      absl::StatusOr<Turn> turn) mutable {
    creation_->Run(guard_.Wrap([this, request, turn = std::move(turn),
                                done = std::move(done)](absl::StatusOr<CreatedTask> made) mutable {
      const absl::StatusOr<Turn> ended = std::move(turn);
      if (made.ok()) {
        context_.events.Created(request, made->workload->pid());
      }
      OnCreated(std::move(made), std::move(done));
    }));
  }));
}

void Task::OnCreated(absl::StatusOr<CreatedTask> made, Done<pid_t> done) {
  const std::unique_ptr<TaskCreation> creation = std::move(creation_);
  if (!made.ok()) return done(EngineFailure(made.status()));
  workload_ = std::move(made->workload);
  rootfs_mounted_ = made->rootfs_mounted;
  private_pid_namespace_ = made->private_pid_namespace;
  io_owner_ = made->io_owner;
  init_.set_stdio(std::move(made->stdio));
  init_.set_pid(workload_->pid());
  created_ = true;
  if (init_.pid() > 0) {
    const absl::Status written = WriteInitPidIfMissing(bundle_, init_.pid());
    if (!written.ok()) context_.log.Warning(written.message());
  }
  for (; early_ooms_ > 0; --early_ooms_) context_.events.OutOfMemory(id());
  done(init_.pid());
}

void Task::Start(const std::string& exec_id, Done<pid_t> done) {
  exec_id.empty() ? StartInit(std::move(done)) : StartExec(exec_id, std::move(done));
}

void Task::StartInit(Done<pid_t> done) {
  verbs_.Enter(
      VerbQueue::kWholeTask,
      guard_.Wrap([this, done = std::move(done)](absl::StatusOr<Turn> turn) mutable {
        absl::Status legal = turn.ok() ? init_.life().Check(Verb::kStart) : turn.status();
        if (!legal.ok()) return done(std::move(legal));
        starting_ = true;
        workload_->Start(guard_.Wrap([this, turn = *std::move(turn), done = std::move(done)](
                                         const absl::StatusOr<pid_t>& pid) mutable {
          const Turn ended = std::move(turn);
          starting_ = false;
          if (pid.ok()) {
            init_.StartSucceeded(*pid);
            context_.events.Started(id(), *pid);
            done(*pid);
          } else {
            done(EngineFailure(pid.status()));
          }
          // Its exit came first, but must be told second (START-31).
          if (init_ended_) SettleExit();
        }));
      }));
}

absl::Status Task::AddExec(const ExecProcessRequest& request) {
  const std::string& exec_id = request.exec_id();
  if (absl::Status valid = containerd::ValidateIdentifier(exec_id); !valid.ok()) return valid;
  absl::StatusOr<std::string> json = oci::WithTerminal(request.spec().value(), request.terminal());
  if (!json.ok()) return base::Annotate(json.status(), "spec of the exec");
  if (execs_.contains(exec_id)) {
    return absl::AlreadyExistsError(absl::StrCat("process ", exec_id, " already exists"));
  }
  if (absl::Status legal = init_.life().Check(Verb::kExec); !legal.ok()) return legal;
  if (init_.pid() == 0) {
    return absl::FailedPreconditionError("cannot exec in a container that is not restored yet");
  }
  if (execs_.size() >= kExecsMax) return absl::ResourceExhaustedError("too many execs");
  execs_[exec_id] = std::make_unique<ExecProcess>(context_, exec_id, *std::move(json),
                                                  StdioNames{.in = request.stdin(),
                                                             .out = request.stdout(),
                                                             .err = request.stderr(),
                                                             .terminal = request.terminal()},
                                                  [this](ExecProcess& exec) { OnExecExit(exec); });
  context_.events.ExecAdded(id(), exec_id);
  return absl::OkStatus();
}

void Task::StartExec(const std::string& exec_id, Done<pid_t> done) {
  if (!execs_.contains(exec_id)) return done(NoSuchExec(exec_id));
  verbs_.Enter(exec_id, guard_.Wrap([this, exec_id,
                                     done = std::move(done)](absl::StatusOr<Turn> turn) mutable {
    if (!turn.ok()) return done(turn.status());
    const absl::StatusOr<ExecProcess*> exec = FindExec(exec_id);
    absl::Status legal = exec.status();
    if (legal.ok()) legal = (*exec)->process().life().Check(Verb::kStart);
    if (!legal.ok()) return done(std::move(legal));
    legal = init_.life().Check(Verb::kStartExec);
    // Nor will it ever start then: who waits for it is not to wait for its Delete (START-36).
    if (init_.state() == ProcessState::kStopped) (*exec)->process().StartFailed();
    if (!legal.ok()) return done(std::move(legal));
    ++execs_starting_;
    (*exec)->Start(*workload_, io_owner_,
                   guard_.Wrap([this, exec_id, turn = *std::move(turn),
                                done = std::move(done)](const absl::StatusOr<pid_t>& pid) mutable {
                     const Turn ended = std::move(turn);
                     --execs_starting_;
                     if (pid.ok()) context_.events.ExecStarted(id(), exec_id, *pid);
                     done(pid);
                     // It may have been nowhere yet when what the init left was killed.
                     pid.ok() && init_.exit() ? KillLeftovers() : AnnounceWhenSettled();
                   }));
  }));
}

// --- verbs of the container -----------------------------------------------------------------

void Task::RunVerb(Verb verb, absl::AnyInvocable<void(Done<>)> call,
                   std::function<void()> succeeded, Done<> done) {
  verbs_.Enter(
      VerbQueue::kWholeTask,
      guard_.Wrap([this, verb, call = std::move(call), succeeded = std::move(succeeded),
                   done = std::move(done)](absl::StatusOr<Turn> turn) mutable {
        absl::Status legal = turn.ok() ? init_.life().Check(verb) : turn.status();
        if (!legal.ok()) return done(std::move(legal));
        pausing_ = verb == Verb::kPause;
        call(guard_.Wrap([this, verb, succeeded = std::move(succeeded), turn = *std::move(turn),
                          done = std::move(done)](absl::Status status) mutable {
          const Turn ended = std::move(turn);
          pausing_ = false;
          if (status.ok() && !init_.life().Complete(verb)) {
            status = absl::FailedPreconditionError("the container stopped meanwhile");
          }
          if (status.ok()) succeeded();
          done(EngineFailure(std::move(status)));
        }));
      }));
}

void Task::Pause(Done<> done) {
  RunVerb(
      Verb::kPause, [this](Done<> paused) { workload_->Pause(std::move(paused)); },
      [this] { context_.events.Paused(id()); }, std::move(done));
}

void Task::Resume(Done<> done) {
  RunVerb(
      Verb::kResume, [this](Done<> resumed) { workload_->Resume(std::move(resumed)); },
      [this] { context_.events.Resumed(id()); }, std::move(done));
}

void Task::Update(std::string resources_json, Done<> done) {
  const absl::Status parsed = oci::ParseResources(resources_json).status();
  if (!parsed.ok()) return done(base::Annotate(parsed, "resources"));
  RunVerb(
      Verb::kUpdate,
      [this, json = std::move(resources_json)](Done<> updated) mutable {
        workload_->Update(std::move(json), std::move(updated));
      },
      [] {}, std::move(done));
}

void Task::Checkpoint(CheckpointSpec spec, Done<> done) {
  const std::string path = spec.path;
  RunVerb(
      Verb::kCheckpoint,
      [this, spec = std::move(spec)](Done<> written) mutable {
        workload_->Checkpoint(std::move(spec), std::move(written));
      },
      [this, path] { context_.events.Checkpointed(id(), path); }, std::move(done));
}

// --- quick calls ----------------------------------------------------------------------------

absl::StatusOr<ExecProcess*> Task::FindExec(const std::string& exec_id) {
  const auto found = execs_.find(exec_id);
  if (found == execs_.end()) return NoSuchExec(exec_id);
  return found->second.get();
}

absl::StatusOr<Process*> Task::FindProcess(const std::string& exec_id) {
  if (exec_id.empty()) return &init_;
  ASSIGN_OR_RETURN(ExecProcess * exec, FindExec(exec_id));
  return &exec->process();
}

void Task::Kill(const std::string& exec_id, int signo, bool all, Done<> done) {
  const absl::StatusOr<Process*> process = FindProcess(exec_id);
  if (!process.ok()) return done(process.status());
  if (absl::Status legal = (*process)->life().Check(Verb::kKill); !legal.ok()) {
    return done(std::move(legal));
  }
  if (!exec_id.empty()) return execs_.at(exec_id)->Signal(signo, std::move(done));
  workload_->Signal(signo, all ? SignalScope::kAll : SignalScope::kProcess, std::move(done));
}

void Task::Resize(const std::string& exec_id, WindowSize size, Done<> done) {
  const absl::StatusOr<Process*> process = FindProcess(exec_id);
  if (!process.ok()) return done(process.status());
  if (absl::Status legal = (*process)->life().Check(Verb::kResize); !legal.ok()) {
    return done(std::move(legal));
  }
  if (std::optional<absl::Status> resized = (*process)->Resize(size)) {
    return done(*std::move(resized));
  }
  if (!exec_id.empty()) return execs_.at(exec_id)->Resize(size, std::move(done));
  if (workload_ == nullptr) return done(absl::OkStatus());
  workload_->Resize(size, std::move(done));
}

void Task::Wait(const std::string& exec_id, WaitReply reply) {
  const absl::StatusOr<Process*> process = FindProcess(exec_id);
  if (!process.ok()) return std::move(reply)(process.status());
  (*process)->Wait(std::move(reply));
}

void Task::ListPids(Done<Pids> done) {
  // An empty list is how containerd is told that the init has gone (PIDS-02).
  if (init_.state() == ProcessState::kStopped || init_.pid() == 0) return done(Pids());
  workload_->Pids(guard_.Wrap(
      [this, done = std::move(done)](const absl::StatusOr<std::vector<pid_t>>& listed) mutable {
        if (!listed.ok() && init_.state() != ProcessState::kStopped) return done(listed.status());
        Pids pids;
        for (const pid_t pid : listed.value_or(std::vector<pid_t>())) pids.emplace_back(pid, "");
        for (const auto& [exec_id, exec] : execs_) {
          if (exec->process().state() != ProcessState::kRunning) continue;
          for (auto& [pid, owner] : pids) {
            if (pid == exec->process().pid()) owner = exec_id;
          }
        }
        done(std::move(pids));
      }));
}

void Task::Sample(Done<Opaque> done) {
  if (workload_ == nullptr)
    return done(absl::NotFoundError("the container has no cgroup any more"));
  workload_->Sample(std::move(done));
}

absl::StatusOr<StateResponse> Task::State(const std::string& exec_id) {
  ASSIGN_OR_RETURN(const Process* process, FindProcess(exec_id));
  StateResponse response;
  process->Describe(response);
  response.set_bundle(bundle_);
  // What runs in a paused container is paused, the execs too (STATE-05).
  ProcessState state = process->state();
  if (state == ProcessState::kRunning && init_.state() == ProcessState::kPaused) {
    state = ProcessState::kPaused;
  }
  response.set_status(WireStatus(state));
  if (state == ProcessState::kRunning && pausing_) response.set_status(containerd::types::PAUSING);
  return response;
}

std::vector<std::string> Task::Describe() const {
  const auto line = [this](const Process& process) {
    return absl::StrCat("task ", id(), process.id() == id() ? " init" : " exec ",
                        process.id() == id() ? "" : process.id(), " pid ", process.pid(), " ",
                        created_ ? StateName(process.state()) : "being created",
                        process.exit() && !process.announced() ? ", exit not told yet" : "");
  };
  std::vector<std::string> lines = {line(init_)};
  for (const auto& [exec_id, exec] : execs_) lines.push_back(line(exec->process()));
  return lines;
}

// --- exits ----------------------------------------------------------------------------------

void Task::OnOutOfMemory() {
  if (!created_) {
    ++early_ooms_;
  } else {
    context_.events.OutOfMemory(id());
  }
}

void Task::OnExecExit(ExecProcess& exec) {
  context_.events.Exited(id(), exec.process().id(), *exec.process().exit());
  exec.process().Announce();
  AnnounceWhenSettled();
}

void Task::OnInitExit(const base::ExitStatus& status) {
  if (init_ended_) return;
  init_ended_ = status;
  if (!starting_) SettleExit();
}

// The init has gone: its container is stopped from now on, but the world is told only when whatever
// it has left behind is gone too (REAP-06) and each exec's exit has been told (EVT-23).
void Task::SettleExit() {
  if (!init_.Exited(*init_ended_)) return;
  settle_limit_.Set(kExitSettleTimeout, [this] {
    context_.log.Warning("container ", id(), ": execs have survived their init");
    AnnounceExit();
  });
  KillLeftovers();
}

void Task::KillLeftovers() {
  if (private_pid_namespace_ || workload_ == nullptr) {
    leftovers_killed_ = true;  // by the kernel (REAP-07)
    return AnnounceWhenSettled();
  }
  workload_->Signal(SIGKILL, SignalScope::kAll, guard_.Wrap([this](const absl::Status& status) {
    if (!status.ok() && !absl::IsNotFound(status)) {
      context_.log.Warning("container ", id(), ": killing what is left: ", status.message());
    }
    leftovers_killed_ = true;
    AnnounceWhenSettled();
  }));
}

void Task::AnnounceWhenSettled() {
  if (!init_.exit() || !leftovers_killed_ || execs_starting_ > 0) return;
  const bool exec_runs = std::any_of(execs_.begin(), execs_.end(), [](const auto& entry) {
    return entry.second->process().state() == ProcessState::kRunning;
  });
  if (!exec_runs) AnnounceExit();
}

void Task::AnnounceExit() {
  if (init_.announced()) return;
  settle_limit_.Clear();
  // First, so that `delete` agrees with what was published, whatever happens to us (V24-05).
  const absl::Status written = WriteExitRecord(bundle_, *init_.exit());
  if (!written.ok()) context_.log.Warning(written.message());
  context_.events.Exited(id(), id(), *init_.exit());
  init_.Announce();
  if (on_announced_) std::exchange(on_announced_, nullptr)();
}

// --- delete ---------------------------------------------------------------------------------

void Task::Delete(const std::string& exec_id, DeleteDone done) {
  if (!exec_id.empty()) return DeleteExec(exec_id, std::move(done));
  ++deletions_;
  DeleteInit([this, done = std::move(done)](absl::StatusOr<DeleteResponse> response) mutable {
    --deletions_;
    done(std::move(response));  // may destroy this
  });
}

void Task::DeleteExec(const std::string& exec_id, DeleteDone done) {
  if (!execs_.contains(exec_id)) return done(NoSuchExec(exec_id));
  verbs_.Enter(exec_id, guard_.Wrap([this, exec_id,
                                     done = std::move(done)](absl::StatusOr<Turn> turn) mutable {
    if (!turn.ok()) return done(turn.status());
    const absl::StatusOr<ExecProcess*> exec = FindExec(exec_id);
    absl::Status legal = exec.status();
    if (legal.ok()) legal = (*exec)->process().life().Check(Verb::kDelete);
    if (!legal.ok()) return done(std::move(legal));
    auto finish =
        guard_.Wrap([this, exec_id, turn = *std::move(turn), done = std::move(done)]() mutable {
          const Turn ended = std::move(turn);
          const auto node = execs_.extract(exec_id);
          Process& process = node.mapped()->process();
          process.ReleaseWaiters(absl::NotFoundError("the process was deleted without having run"));
          context_.events.Deleted(id(), exec_id, process.pid(), process.exit());
          done(DeleteResponseOf(process));
        });
    // The whole task may go meanwhile, and the exec only with its turn.
    (*exec)->Flush(
        guard_.Wrap([&exec = **exec, finish = std::move(finish)](const absl::Status&) mutable {
          exec.ReleaseWorkload();
          if (exec.process().stdio() == nullptr) return finish();
          exec.process().stdio()->Drain(std::move(finish));
        }));
  }));
}

void Task::DeleteInit(DeleteDone done) {
  verbs_.Enter(VerbQueue::kWholeTask,
               guard_.Wrap([this, done = std::move(done)](absl::StatusOr<Turn> turn) mutable {
                 absl::Status legal = turn.status();
                 if (legal.ok() && !created_) legal = NoSuchTask(id());
                 if (legal.ok()) legal = init_.life().Check(Verb::kDelete);
                 if (!legal.ok()) return done(std::move(legal));
                 EndCreatedInit([turn = *std::move(turn), done = std::move(done)](
                                    absl::StatusOr<DeleteResponse> response) mutable {
                   const Turn ended = std::move(turn);
                   done(std::move(response));
                 });
               }));
}

// What was never started is killed like anything else, so that its exit and those of its execs are
// told as usual (EVT-25, EVT-26, DELETE-04). A container to be restored has no process yet.
void Task::EndCreatedInit(DeleteDone done) {
  if (init_.announced() || init_.pid() == 0) return RemoveWorkload(std::move(done));
  on_announced_ = [this, done = std::move(done)]() mutable {
    killed_init_limit_.Clear();
    RemoveWorkload(std::move(done));
  };
  if (init_.exit()) return;
  workload_->Signal(SIGKILL, SignalScope::kAll, guard_.Wrap([this](const absl::Status& status) {
    if (!status.ok()) context_.log.Warning("container ", id(), ": kill: ", status.message());
  }));
  // Then the engine's own delete has to end it.
  killed_init_limit_.Set(kKilledInitTimeout, [this] {
    if (on_announced_) std::exchange(on_announced_, nullptr)();
  });
}

void Task::RemoveWorkload(DeleteDone done) {
  if (workload_ == nullptr) return UnmountRootfs(std::move(done));
  for (const auto& [exec_id, exec] : execs_) exec->ReleaseWorkload();
  workload_->Delete(guard_.Wrap([this, done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) return done(EngineFailure(std::move(status)));
    workload_.reset();
    if (init_.pid() == 0) {
      init_.life().Complete(Verb::kExit);
    } else if (!init_.announced()) {
      // The engine says it is gone, yet nobody has seen it go.
      OnInitExit({.pid = init_.pid(), .signal = SIGKILL, .at = std::chrono::system_clock::now()});
      AnnounceExit();
    }
    init_.stdio()->Drain(
        guard_.Wrap([this, done = std::move(done)]() mutable { UnmountRootfs(std::move(done)); }));
  }));
}

void Task::UnmountRootfs(DeleteDone done) {
  if (!rootfs_mounted_) return FinishDelete(std::move(done));
  context_.rootfs.Unmount(bundle_,
                          guard_.Wrap([this, done = std::move(done)](absl::Status status) mutable {
                            if (!status.ok()) return done(EngineFailure(std::move(status)));
                            rootfs_mounted_ = false;
                            FinishDelete(std::move(done));
                          }));
}

void Task::FinishDelete(DeleteDone done) {
  init_.life().Complete(Verb::kDelete);
  context_.events.Deleted(id(), "", init_.pid(), init_.exit());
  init_.ReleaseWaiters(absl::NotFoundError("the container was deleted without having run"));
  for (const auto& [exec_id, exec] : execs_) {
    exec->process().ReleaseWaiters(NoSuchTask(id()));
  }
  done(DeleteResponseOf(init_));
}

}  // namespace shim
