// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/task_context.h"
#include "reference-shim/shim/task_sweep.h"
#include "reference-shim/shim/waiters.h"
#include "runtime/sandbox/v1/sandbox.pb.h"

namespace shim {

// The sandbox of a shim (contract 9): what it runs in the backend, what is legal when, and who
// waits for its end. It starts once and ends once, and is there until its shim ends.
class PodSandbox {
 public:
  enum class State { kCreated, kStarting, kReady, kStopping, kStopped };
  struct End {
    unsigned status = 0;  // 0: it was stopped
    std::chrono::system_clock::time_point at;
  };
  using WaitReply = Waiters<containerd::runtime::sandbox::v1::WaitSandboxResponse>::Reply;

  // Both borrowed. Fails as Backend::MakeSandbox does.
  static absl::StatusOr<std::unique_ptr<PodSandbox>> Make(const TaskContext& context,
                                                          TaskSweep& tasks, SandboxSpec spec);
  PodSandbox(const PodSandbox&) = delete;
  PodSandbox& operator=(const PodSandbox&) = delete;

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool ready() const { return state_ == State::kReady; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::chrono::system_clock::time_point created_at() const { return created_at_; }
  [[nodiscard]] const std::optional<End>& end() const { return end_; }

  // FAILED_PRECONDITION unless created only. A failure is the end of the sandbox.
  void Start(Done<> done);
  // Ends it in any state, with what runs in it; joins a stop under way (SBX-14). DEADLINE_EXCEEDED:
  // tasks have survived, and it may be tried again.
  void Stop(std::chrono::milliseconds within, Done<> done);
  // Answered when it has ended (SBX-06, SBX-07).
  void Wait(WaitReply reply);
  void Sample(Done<Opaque> done);

 private:
  PodSandbox(TaskSweep& tasks, std::string id) : tasks_(tasks), id_(std::move(id)) {}

  void OnStarted(const absl::StatusOr<pid_t>& pid, Done<> done);
  void StopTasks(std::chrono::milliseconds within, State before);
  void OnStopped(const absl::Status& status, State before);
  void Ended(unsigned status);

  TaskSweep& tasks_;
  const std::string id_;
  const std::chrono::system_clock::time_point created_at_ = std::chrono::system_clock::now();
  State state_ = State::kCreated;
  pid_t pid_ = 0;
  std::optional<End> end_;
  Waiters<containerd::runtime::sandbox::v1::WaitSandboxResponse> waiters_;
  std::vector<Done<>> stopping_;
  std::unique_ptr<SandboxWorkload> workload_;  // null: the sandbox is only a group
  CallbackGuard guard_;
};

// "created", "starting", ...
absl::string_view SandboxStateName(PodSandbox::State state);

}  // namespace shim
