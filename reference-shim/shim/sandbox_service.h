// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/pod_sandbox.h"
#include "reference-shim/shim/sandbox_gate.h"
#include "reference-shim/shim/task_context.h"
#include "reference-shim/shim/task_service.h"
#include "runtime/sandbox/v1/sandbox.ttrpc.h"

namespace shim {

// The 9 calls of contract 9 on the sandbox of this daemon, of which there is one at most: refuses
// what is malformed, finds the sandbox, answers. Events are containerd's own affair (SBX-39).
class SandboxService final : public containerd::runtime::sandbox::v1::SandboxService,
                             public SandboxGate {
 public:
  // Both borrowed; `tasks` obeys the sandbox from now on.
  SandboxService(const TaskContext& context, TaskService& tasks);

  [[nodiscard]] absl::Status AdmitTask() const override;
  [[nodiscard]] bool KeepsShim() const override { return sandbox_ != nullptr && !closed_; }
  // Nothing runs for a sandbox.
  [[nodiscard]] bool idle() const {
    return sandbox_ == nullptr || sandbox_->state() == PodSandbox::State::kStopped;
  }

  // From now on CreateSandbox is refused (UNAVAILABLE).
  void Close() { closed_ = true; }
  // Answers the calls of ShutdownSandbox that have ended the daemon (SBX-17).
  void AnswerShutdown();
  // One log line (SIGUSR1).
  void Dump() const;

 private:
  template <typename Response>
  using Reply = ttrpc::Reply<Response>;
  using CallInfo = ttrpc::CallInfo;
  using CreateSandboxRequest = containerd::runtime::sandbox::v1::CreateSandboxRequest;
  using CreateSandboxResponse = containerd::runtime::sandbox::v1::CreateSandboxResponse;
  using StartSandboxRequest = containerd::runtime::sandbox::v1::StartSandboxRequest;
  using StartSandboxResponse = containerd::runtime::sandbox::v1::StartSandboxResponse;
  using PlatformRequest = containerd::runtime::sandbox::v1::PlatformRequest;
  using PlatformResponse = containerd::runtime::sandbox::v1::PlatformResponse;
  using StopSandboxRequest = containerd::runtime::sandbox::v1::StopSandboxRequest;
  using StopSandboxResponse = containerd::runtime::sandbox::v1::StopSandboxResponse;
  using WaitSandboxRequest = containerd::runtime::sandbox::v1::WaitSandboxRequest;
  using WaitSandboxResponse = containerd::runtime::sandbox::v1::WaitSandboxResponse;
  using SandboxStatusRequest = containerd::runtime::sandbox::v1::SandboxStatusRequest;
  using SandboxStatusResponse = containerd::runtime::sandbox::v1::SandboxStatusResponse;
  using PingRequest = containerd::runtime::sandbox::v1::PingRequest;
  using PingResponse = containerd::runtime::sandbox::v1::PingResponse;
  using ShutdownSandboxRequest = containerd::runtime::sandbox::v1::ShutdownSandboxRequest;
  using ShutdownSandboxResponse = containerd::runtime::sandbox::v1::ShutdownSandboxResponse;
  using SandboxMetricsRequest = containerd::runtime::sandbox::v1::SandboxMetricsRequest;
  using SandboxMetricsResponse = containerd::runtime::sandbox::v1::SandboxMetricsResponse;

  void CreateSandbox(const CreateSandboxRequest& request, const CallInfo& call,
                     Reply<CreateSandboxResponse> reply) override;
  void StartSandbox(const StartSandboxRequest& request, const CallInfo& call,
                    Reply<StartSandboxResponse> reply) override;
  void Platform(const PlatformRequest& request, const CallInfo& call,
                Reply<PlatformResponse> reply) override;
  void StopSandbox(const StopSandboxRequest& request, const CallInfo& call,
                   Reply<StopSandboxResponse> reply) override;
  void WaitSandbox(const WaitSandboxRequest& request, const CallInfo& call,
                   Reply<WaitSandboxResponse> reply) override;
  void SandboxStatus(const SandboxStatusRequest& request, const CallInfo& call,
                     Reply<SandboxStatusResponse> reply) override;
  void PingSandbox(const PingRequest& request, const CallInfo& call,
                   Reply<PingResponse> reply) override;
  void ShutdownSandbox(const ShutdownSandboxRequest& request, const CallInfo& call,
                       Reply<ShutdownSandboxResponse> reply) override;
  void SandboxMetrics(const SandboxMetricsRequest& request, const CallInfo& call,
                      Reply<SandboxMetricsResponse> reply) override;

  absl::Status CheckCreate(const CreateSandboxRequest& request) const;
  // NOT_FOUND: it is not, or not any more, this shim's (SBX-22).
  [[nodiscard]] absl::StatusOr<PodSandbox*> Find(const std::string& id) const;
  // The steps of ShutdownSandbox.
  void EndTasks();
  void EndShim();

  const TaskContext& context_;
  TaskService& tasks_;
  std::unique_ptr<PodSandbox> sandbox_;
  bool closed_ = false;
  std::vector<Reply<ShutdownSandboxResponse>> shutdown_replies_;
  CallbackGuard guard_;
};

}  // namespace shim
