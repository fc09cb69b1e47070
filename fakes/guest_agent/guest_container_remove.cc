// SPDX-License-Identifier: Apache-2.0
// How a container goes, wanted or because it could not be made.
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "fakes/guest_agent/guest_container.h"
#include "fakes/guest_agent/limits.h"

namespace fakes {

void GuestContainer::FailCreate(const absl::Status& why) {
  Done done = std::exchange(busy_done_, nullptr);
  busy_ = false;
  launched_.talk.reset();
  Remove(kGuestRemoveTimeout, [why, done = std::move(done)](const absl::Status& removed) mutable {
    if (removed.ok()) return done(why);
    done(absl::Status(why.code(), absl::StrCat(why.message(), "; undo: ", removed.message())));
  });
}

void GuestContainer::Remove(std::chrono::milliseconds timeout, Done done) {
  if (busy_) {
    return done(absl::FailedPreconditionError(
        absl::StrCat("container ", id_, " is being made or removed")));
  }
  busy_ = true;
  busy_done_ = std::move(done);
  KillAll();
  const auto cgroup_end = [self = shared_from_this()](const absl::Status& removed) {
    self->OnProcessesGone(removed);
  };
  removal_ = std::make_unique<container::CgroupRemoval>(
      context_.loop, cgroup_, container::CgroupEnd::kKill, timeout, cgroup_end);
}

// Those in the cgroup are CgroupRemoval's; these may not have come so far.
void GuestContainer::KillAll() {
  if (paused_) (void)Resume();
  if (init_) (void)init_->Signal(SIGKILL);
  for (const auto& [id, exec] : execs_) (void)exec.process->Signal(SIGKILL);
}

void GuestContainer::OnProcessesGone(const absl::Status& removed) {
  if (!removed.ok()) return FinishBusy(removed);
  const auto next = [self = shared_from_this()](int) { self->Unmake(); };
  // All have been killed; the first process of a pid namespace ends last.
  if (init_ && !init_->exited()) {
    init_->Wait(next);
    return;
  }
  Unmake();
}

void GuestContainer::Abort() {
  removal_.reset();
  freeze_look_.cancel();
  oom_.reset();
  launched_ = Launched();
  KillAll();
  (void)container::SignalAll(cgroup_, SIGKILL);
  // The first process of a pid namespace ends when those in it have been reaped.
  const absl::Status gone = absl::AbortedError("the sandbox is gone");
  for (auto& [id, exec] : std::exchange(execs_, {})) {
    if (exec.starting) exec.starting(gone);
  }
  init_.reset();
  state_ = State::kGone;
  if (busy_done_) FinishBusy(gone);
}

void GuestContainer::RemoveCgroup() const { (void)container::Remove(cgroup_); }

void GuestContainer::Unmake() {
  const bool had_init = init_ != nullptr;
  oom_.reset();
  launched_ = Launched();
  for (auto& [id, exec] : std::exchange(execs_, {})) {
    if (exec.starting) exec.starting(absl::AbortedError("the container was removed"));
  }
  context_.works.Run(
      [this, had_init]() -> absl::Status {
        const absl::Status unmounted = RemoveStorages(context_.paths, storages_);
        ::rmdir(bundle_.c_str());
        absl::Status hooks;
        if (had_init) {
          hooks = container::RunHooks("poststop", spec_.hooks.poststop, HookStateOf("stopped", 0),
                                      container::HookFailure::kLogged);
        }
        return unmounted.ok() ? hooks : unmounted;
      },
      [self = shared_from_this()](const absl::Status& undone) {
        if (!undone.ok()) self->context_.log.Warning(self->id_, ": ", undone.message());
        self->state_ = State::kGone;
        self->init_.reset();
        self->context_.ooms.Forget(self->id_);
        self->FinishBusy(absl::OkStatus());
      });
}

}  // namespace fakes
