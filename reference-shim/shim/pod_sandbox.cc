// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/pod_sandbox.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "base/status_macros.h"
#include "containerd/timestamps.h"

namespace shim {
namespace {

using containerd::runtime::sandbox::v1::WaitSandboxResponse;

// What a sandbox has ended with that never ran.
constexpr unsigned kNeverRanStatus = 255;

WaitSandboxResponse Answer(const PodSandbox::End& end) {
  WaitSandboxResponse response;
  response.set_exit_status(end.status);
  *response.mutable_exited_at() = containerd::ToTimestamp(end.at);
  return response;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PodSandbox>> PodSandbox::Make(const TaskContext& context,
                                                             TaskSweep& tasks, SandboxSpec spec) {
  std::unique_ptr<PodSandbox> made(new PodSandbox(tasks, spec.id));
  spec.on_end = made->guard_.Wrap([sandbox = made.get()](unsigned status) {
    if (sandbox->state_ == State::kReady) sandbox->Ended(status);
  });
  ASSIGN_OR_RETURN(made->workload_, context.backend.MakeSandbox(std::move(spec)));
  return made;
}

void PodSandbox::Start(Done<> done) {
  if (state_ != State::kCreated) {
    return done(absl::FailedPreconditionError(
        absl::StrCat("sandbox ", id_, " is ", SandboxStateName(state_))));
  }
  state_ = State::kStarting;
  if (workload_ == nullptr) return OnStarted(0, std::move(done));
  workload_->Start(
      guard_.Wrap([this, done = std::move(done)](const absl::StatusOr<pid_t>& pid) mutable {
        OnStarted(pid, std::move(done));
      }));
}

void PodSandbox::OnStarted(const absl::StatusOr<pid_t>& pid, Done<> done) {
  if (state_ != State::kStarting) {
    return done(absl::FailedPreconditionError(absl::StrCat("sandbox ", id_, " was stopped")));
  }
  if (!pid.ok()) {
    Ended(kNeverRanStatus);
    return done(EngineFailure(pid.status()));
  }
  pid_ = *pid;
  state_ = State::kReady;
  done(absl::OkStatus());
}

void PodSandbox::Stop(std::chrono::milliseconds within, Done<> done) {
  // What has ended by itself may still be clearing up.
  if (state_ == State::kStopped) {
    return workload_ == nullptr ? done(absl::OkStatus()) : workload_->Stop(std::move(done));
  }
  stopping_.push_back(std::move(done));
  if (state_ == State::kStopping) return;
  const State before = std::exchange(state_, State::kStopping);
  if (workload_ == nullptr) return StopTasks(within, before);
  // First, since what runs in it ends with it, whether or not anybody in it still listens.
  workload_->Stop(guard_.Wrap([this, within, before](const absl::Status& status) {
    status.ok() ? StopTasks(within, before) : OnStopped(status, before);
  }));
}

void PodSandbox::StopTasks(std::chrono::milliseconds within, State before) {
  tasks_.Stop(within, guard_.Wrap([this, before](const absl::Status& status) {
    OnStopped(status, before);
  }));
}

void PodSandbox::OnStopped(const absl::Status& status, State before) {
  if (status.ok()) {
    Ended(0);
  } else {
    state_ = before;
  }
  for (Done<>& done : std::exchange(stopping_, {})) done(EngineFailure(status));
}

void PodSandbox::Ended(unsigned status) {
  state_ = State::kStopped;
  end_ = {.status = status, .at = std::chrono::system_clock::now()};
  waiters_.Release(Answer(*end_));
}

void PodSandbox::Wait(WaitReply reply) {
  if (end_) return std::move(reply)(Answer(*end_));
  waiters_.Add(std::move(reply));
}

void PodSandbox::Sample(Done<Opaque> done) {
  if (!ready()) {
    return done(absl::FailedPreconditionError(
        absl::StrCat("sandbox ", id_, " is ", SandboxStateName(state_))));
  }
  if (workload_ == nullptr) {
    return done(absl::UnimplementedError("the sandbox is nothing but its containers"));
  }
  workload_->Sample(std::move(done));
}

absl::string_view SandboxStateName(PodSandbox::State state) {
  switch (state) {
    case PodSandbox::State::kCreated:
      return "created";
    case PodSandbox::State::kStarting:
      return "starting";
    case PodSandbox::State::kReady:
      return "running";
    case PodSandbox::State::kStopping:
      return "stopping";
    case PodSandbox::State::kStopped:
      return "stopped";
  }
  return "unknown";
}

}  // namespace shim
