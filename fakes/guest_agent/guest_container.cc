// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_container.h"

#include <absl/strings/str_cat.h>

#include <csignal>
#include <utility>

#include "base/status_macros.h"
#include "container/cgroup_limits.h"
#include "container/freezer.h"
#include "fakes/guest_agent/limits.h"
#include "fakes/guest_agent/stats_to_proto.h"

namespace fakes {

using container::SyncKind;

GuestContainer::GuestContainer(GuestContext& context, std::string id)
    : context_(context), id_(std::move(id)), freeze_look_(context.loop) {}

container::HookState GuestContainer::HookStateOf(const std::string& status, pid_t pid) const {
  return {.oci_version = spec_.oci_version,
          .id = id_,
          .status = status,
          .pid = pid,
          .bundle = told_bundle_,
          .annotations = spec_.annotations};
}

void GuestContainer::FinishBusy(const absl::Status& status) {
  busy_ = false;
  Done done = std::exchange(busy_done_, nullptr);
  done(status);
}

void GuestContainer::Start(Done done) {
  if (state_ != State::kCreated || busy_) {
    return done(absl::FailedPreconditionError(
        absl::StrCat("container ", id_, " is not in the state created")));
  }
  if (init_->exited()) {
    return done(absl::FailedPreconditionError(absl::StrCat("container ", id_, " has stopped")));
  }
  busy_ = true;
  busy_done_ = std::move(done);
  const absl::Status told = launched_.talk->Send(SyncKind::kGo);
  if (!told.ok()) return FinishBusy(told);
  launched_.talk->Await(
      [self = shared_from_this()](absl::StatusOr<container::SyncMessage> message) {
        self->OnStarted(message);
      });
}

void GuestContainer::OnStarted(const absl::StatusOr<container::SyncMessage>& message) {
  launched_.talk.reset();
  state_ = State::kRunning;
  if (message.ok()) return FinishBusy(absl::InternalError(message->text));
  // The other end is closed: it executes its program, or was killed, which its exit tells.
  if (spec_.hooks.poststart.empty()) return FinishBusy(absl::OkStatus());
  context_.works.Run(
      [this] {
        return container::RunHooks("poststart", spec_.hooks.poststart,
                                   HookStateOf("running", init_->pid()),
                                   container::HookFailure::kLogged);
      },
      [self = shared_from_this()](const absl::Status& status) {
        if (!status.ok()) self->context_.log.Warning(status.message());
        self->FinishBusy(absl::OkStatus());
      });
}

// At each exit, before it is told.
void GuestContainer::LookForOom() {
  if (oom_) oom_->Look();
}

absl::StatusOr<GuestProcess*> GuestContainer::Find(const std::string& exec_id) const {
  if (exec_id.empty() || exec_id == id_) {
    if (init_ && !init_->waited()) return init_.get();
    return absl::NotFoundError(absl::StrCat("process not found: container ", id_, " has no init"));
  }
  const auto found = execs_.find(exec_id);
  if (found != execs_.end() && found->second.talk == nullptr && !found->second.process->waited()) {
    return found->second.process.get();
  }
  return absl::NotFoundError(absl::StrCat("process not found: ", exec_id, " of container ", id_));
}

absl::Status GuestContainer::Signal(const std::string& exec_id, int signo) {
  if (exec_id.empty() && signo == SIGKILL) {
    if (!cgroup_.MembersDirectory().empty()) {
      const absl::Status sent = container::SignalAll(cgroup_, SIGKILL);
      return absl::IsNotFound(sent) ? absl::OkStatus() : sent;
    }
    for (const auto& [id, exec] : execs_) (void)exec.process->Signal(SIGKILL);
  }
  ASSIGN_OR_RETURN(GuestProcess * process, Find(exec_id));
  // As kill(2) does, after it has looked for the process.
  if (signo < 0 || signo > SIGRTMAX) {
    return process->exited()
               ? absl::NotFoundError("ESRCH: No such process")
               : absl::InvalidArgumentError(
                     absl::StrCat("EINVAL: signal ", signo, ": expected one from 0 to ", SIGRTMAX));
  }
  if (process == init_.get() && signo == SIGTERM && !process->exited() &&
      !process->Catches(SIGTERM)) {
    signo = SIGKILL;
  }
  RETURN_IF_ERROR(process->Signal(signo));
  // Version 1 lets no frozen process die.
  if (signo == SIGKILL && paused_) (void)Resume();
  return absl::OkStatus();
}

void GuestContainer::ForgetOldExecs() {
  for (auto exec = execs_.begin(); exec != execs_.end();) {
    exec = exec->second.process->finished() ? execs_.erase(exec) : std::next(exec);
  }
}

absl::Status GuestContainer::CheckExec(const std::string& exec_id,
                                       const oci::Process& process) const {
  if ((state_ != State::kCreated && state_ != State::kRunning) || init_->exited()) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot exec in container ", id_, ", which does not run"));
  }
  if (paused_) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot exec in container ", id_, ", which is paused"));
  }
  if (process.args.empty()) return absl::InvalidArgumentError("process.Args: empty");
  const auto found = execs_.find(exec_id);
  const bool taken = found != execs_.end() && !found->second.process->waited();
  if (!taken && !exec_id.empty() && exec_id != id_) return absl::OkStatus();
  return absl::AlreadyExistsError(
      absl::StrCat("process ", exec_id, " of container ", id_, " already exists"));
}

void GuestContainer::RunExec(const std::string& exec_id, const oci::Process& process, Done done) {
  const absl::Status fits = CheckExec(exec_id, process);
  if (!fits.ok()) return done(fits);
  ForgetOldExecs();
  absl::StatusOr<Launched> launched =
      LaunchExec(context_.loop, init_->pid(), process, spec_, id_, cgroup_);
  if (!launched.ok()) return done(launched.status());
  Exec exec;
  const absl::Status adopted = AdoptExec(*std::move(launched), exec);
  if (!adopted.ok()) return done(adopted);
  exec.starting = std::move(done);
  exec.talk->Await(
      [self = shared_from_this(), exec_id](const absl::StatusOr<container::SyncMessage>& message) {
        self->OnExecAnswer(exec_id, message);
      });
  execs_.insert_or_assign(exec_id, std::move(exec));
}

absl::Status GuestContainer::AdoptExec(Launched launched, Exec& exec) {
  ASSIGN_OR_RETURN(exec.process,
                   GuestProcess::Adopt(context_.loop, context_.reaper, launched.pid,
                                       std::move(launched.stdio), [this] { LookForOom(); }));
  exec.talk = std::move(launched.talk);
  exec.console = std::move(launched.console);
  return exec.talk->Send(SyncKind::kGo);
}

void GuestContainer::OnExecAnswer(const std::string& exec_id,
                                  const absl::StatusOr<container::SyncMessage>& message) {
  const auto place = execs_.find(exec_id);
  if (place == execs_.end()) return;
  Exec& exec = place->second;
  exec.talk.reset();
  Done done = std::exchange(exec.starting, nullptr);
  absl::Status status;
  if (message.ok()) status = absl::InternalError(message->text);
  // The other end is closed: it executes its program, or was killed, which its exit tells.
  if (status.ok() && exec.console.ok()) {
    absl::StatusOr<base::UniqueFd> master = TakeTerminal(exec.console);
    status = master.ok() ? exec.process->UseTerminal(*std::move(master)) : master.status();
    exec.console.reset();
  }
  if (!status.ok()) execs_.erase(place);
  done(status);
}

void GuestContainer::Pause(Done done) {
  if ((state_ != State::kCreated && state_ != State::kRunning) || init_->exited()) {
    return done(absl::FailedPreconditionError(absl::StrCat("container ", id_, " does not run")));
  }
  const absl::Status frozen = container::Freeze(cgroup_);
  if (!frozen.ok()) return done(frozen);
  AwaitFrozen(std::chrono::steady_clock::now() + kGuestFreezeTimeout, std::move(done));
}

void GuestContainer::AwaitFrozen(std::chrono::steady_clock::time_point limit, Done done) {
  absl::StatusOr<bool> frozen = container::HasFrozen(cgroup_);
  if (frozen.ok() && *frozen) {
    paused_ = true;
    return done(absl::OkStatus());
  }
  if (frozen.ok() && std::chrono::steady_clock::now() > limit) {
    frozen = absl::DeadlineExceededError(absl::StrCat("container ", id_, " cannot be frozen"));
  }
  if (!frozen.ok()) {
    (void)container::Thaw(cgroup_);
    return done(frozen.status());
  }
  freeze_look_.expires_after(kGuestFreezeLook);
  freeze_look_.async_wait([self = shared_from_this(), limit,
                           done = std::move(done)](const boost::system::error_code&) mutable {
    self->AwaitFrozen(limit, std::move(done));
  });
}

absl::Status GuestContainer::Resume() {
  paused_ = false;
  return container::Thaw(cgroup_);
}

absl::Status GuestContainer::Update(const oci::Resources& resources) {
  return container::ApplyResources(cgroup_, resources);
}

absl::StatusOr<grpc::StatsContainerResponse> GuestContainer::Stats() const {
  return StatsToProto(cgroup_, init_ ? init_->pid() : -1);
}

}  // namespace fakes
