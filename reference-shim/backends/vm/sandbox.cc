// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/sandbox.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/status_macros.h"
#include "container/recorded_process.h"
#include "reference-shim/backends/vm/limits.h"

namespace backends {
namespace {

// What processes end with when nobody can know (R1): their VM was ended, or their agent is lost.
constexpr unsigned kEndedStatus = 128 + SIGKILL;
constexpr unsigned kLostStatus = 255;

}  // namespace

Sandbox::Sandbox(const shim::BackendContext& context, VmConfig config, VmFiles files,
                 const std::string& network_namespace, Tracer* tracer)
    : context_(context),
      config_(std::move(config)),
      files_(std::move(files)),
      network_namespace_(config_.network == NetworkModel::kNone ? "" : network_namespace),
      tracer_(tracer),
      health_(context.loop),
      agent_lost_(context.loop),
      oom_retry_(context.loop) {}

// --- start ----------------------------------------------------------------------------------

void Sandbox::Start(shim::Done<> done) {
  switch (state_) {
    case State::kRunning:
      return done(absl::OkStatus());
    case State::kStopping:
    case State::kStopped:
      return done(absl::FailedPreconditionError("the VM of the pod has ended"));
    case State::kStarting:
      starting_.push_back(std::move(done));
      return;
    case State::kNew:
      state_ = State::kStarting;
      starting_.push_back(std::move(done));
      return MakeFiles();
  }
}

void Sandbox::MakeFiles() {
  step_ = std::make_unique<shim::ForkedStep>(context_.loop, context_.reaper);
  const pid_t shim = ::getpid();
  step_->Run(
      "making the files of a VM", kShareTimeout,
      [this, shim]() -> absl::Status {
        RETURN_IF_ERROR(MakeVmFiles(files_));
        RETURN_IF_ERROR(WriteAgentPort(files_, config_.agent_port));
        RETURN_IF_ERROR(
            container::RecordProcess(absl::StrCat(files_.directory, "/shim.pid"), shim));
        if (network_namespace_.empty()) return absl::OkStatus();
        return MakeVmNetwork(files_, network_namespace_);
      },
      guard_.Wrap(
          [this](const absl::Status& status) { status.ok() ? LoadNetwork() : Fail(status); }));
}

void Sandbox::LoadNetwork() {
  if (!network_namespace_.empty()) {
    absl::StatusOr<PodNetwork> network = LoadVmNetwork(files_);
    if (!network.ok()) return Fail(network.status());
    network_ = *std::move(network);
  }
  Boot();
}

void Sandbox::Boot() {
  hypervisor_ = MakeHypervisor(context_, config_, files_, network_, tracer_);
  resources_ = std::make_unique<ResourceManager>(*hypervisor_, config_, context_.log,
                                                 [this] { return agent_.get(); });
  hypervisor_->Start(guard_.Wrap([this](const absl::Status& status) {
    pid_ = hypervisor_->pid();
    if (!status.ok()) return Fail(status);
    hypervisor_->OnExit(guard_.Wrap([this] {
      const std::string why = absl::StrCat("the hypervisor ", hypervisor_->DescribeEnd());
      state_ == State::kStarting ? Fail(absl::UnavailableError(why)) : Lose(why, kEndedStatus);
    }));
    DialAgent();
  }));
}

void Sandbox::DialAgent() {
  hypervisor_->Connect(config_.agent_port,
                       guard_.Wrap([this](absl::StatusOr<base::UniqueFd> connection) {
                         if (!connection.ok()) {
                           return Fail(base::Annotate(connection.status(), "agent"));
                         }
                         CheckAgent(*std::move(connection));
                       }));
}

void Sandbox::CheckAgent(base::UniqueFd connection) {
  agent_ =
      std::make_unique<Agent>(context_.loop, std::move(connection), config_.call_timeout, tracer_);
  agent_->OnClosed(guard_.Wrap([this](const absl::Status& status) {
    const std::string why = absl::StrCat("the agent is lost: ", status.message());
    if (state_ == State::kStarting) return Fail(absl::UnavailableError(why));
    if (state_ != State::kRunning) return;
    // One that was killed loses its sockets before its end is seen, which says more.
    agent_lost_.Set(kEndAfterSocketsTimeout, [this, why] { Lose(why, kLostStatus); });
  }));
  agent_->Check(config_.agent_timeout, guard_.Wrap([this](const absl::Status& status) {
    if (state_ != State::kStarting) return;
    status.ok() ? SetUpNetwork() : Fail(base::Annotate(status, "agent"));
  }));
}

void Sandbox::SetUpNetwork() {
  if (network_.nics.empty()) return SetUpGuest();
  guest_network_ = std::make_unique<GuestNetwork>(context_.loop, *agent_, network_);
  guest_network_->Run(guard_.Wrap([this](const absl::Status& status) {
    if (state_ != State::kStarting) return;
    status.ok() ? SetUpGuest() : Fail(base::Annotate(status, "agent"));
  }));
}

void Sandbox::SetUpGuest() {
  agent_->CreateSandbox(files_.sandbox, files_.sandbox,
                        guard_.Wrap([this](const absl::Status& status) {
                          if (state_ != State::kStarting) return;
                          status.ok() ? Run() : Fail(base::Annotate(status, "agent"));
                        }));
}

void Sandbox::Run() {
  state_ = State::kRunning;
  guest_network_.reset();
  management_ = std::make_unique<Management>(*this, context_.calls);
  const absl::Status listens = management_->Listen(context_.loop, ManagementSocket(files_));
  if (!listens.ok()) context_.log.Warning("VM ", files_.sandbox, ": ", listens.message());
  AwaitOutOfMemory();
  ScheduleCheck();
  for (shim::Done<>& done : std::exchange(starting_, {})) done(absl::OkStatus());
}

// The connection closes, a call fails, the program ends: whatever comes first is the reason.
void Sandbox::Fail(const absl::Status& why) {
  if (state_ != State::kStarting) return;
  state_ = State::kStopping;
  stopping_.push_back([this, why](const absl::Status&) {
    // One of them may destroy this.
    for (shim::Done<>& done : std::exchange(starting_, {})) done(why);
  });
  TearDown();
}

// --- while it runs --------------------------------------------------------------------------

void Sandbox::AwaitOutOfMemory() {
  agent_->GetOomEvent(guard_.Wrap([this](const absl::StatusOr<std::string>& container) {
    if (state_ != State::kRunning) return;
    if (!container.ok()) {
      return oom_retry_.Set(kOomRetryPause, [this] {
        if (state_ == State::kRunning) AwaitOutOfMemory();
      });
    }
    const auto member = members_.find(*container);
    if (member != members_.end()) {
      const std::function<void()> told = member->second.out_of_memory;
      told();
    }
    AwaitOutOfMemory();
  }));
}

void Sandbox::ScheduleCheck() {
  health_.Set(config_.health_interval, [this] {
    if (state_ != State::kRunning) return;
    agent_->Check(config_.health_timeout,
                  guard_.Wrap([this](const absl::Status& status) { OnChecked(status); }));
  });
}

void Sandbox::OnChecked(const absl::Status& status) {
  if (state_ != State::kRunning) return;
  failed_checks_ = status.ok() ? 0 : failed_checks_ + 1;
  if (failed_checks_ < config_.health_failures) {
    if (!status.ok()) context_.log.Warning("VM ", files_.sandbox, ": ", status.message());
    return ScheduleCheck();
  }
  Lose(absl::StrCat(failed_checks_, " checks in a row have failed: ", status.message()),
       kLostStatus);
}

void Sandbox::Lose(const std::string& why, unsigned status) {
  if (state_ != State::kRunning) return;
  context_.log.Error("VM ", files_.sandbox, ": ", why);
  state_ = State::kStopping;
  TellMembers(status);
  TearDown();
}

void Sandbox::TellMembers(unsigned status) {
  std::vector<std::function<void(unsigned)>> told;
  for (const auto& [name, member] : members_) told.push_back(member.lost);
  for (const auto& lost : told) lost(status);
}

// --- stop -----------------------------------------------------------------------------------

void Sandbox::Stop(shim::Done<> done) {
  if (state_ == State::kStopped) return done(absl::OkStatus());
  if (state_ == State::kNew) {
    state_ = State::kStopped;
    return done(absl::OkStatus());
  }
  stopping_.push_back(std::move(done));
  if (state_ == State::kStarting) return Fail(absl::CancelledError("the pod is being stopped"));
  if (state_ == State::kStopping) return;
  state_ = State::kStopping;
  TellMembers(kEndedStatus);
  TearDown();
}

// The agent is not asked: what it would end, ends with its VM.
void Sandbox::TearDown() {
  health_.Clear();
  agent_lost_.Clear();
  oom_retry_.Clear();
  guard_.Reset();
  management_.reset();
  guest_network_.reset();
  step_.reset();
  const std::unique_ptr<Agent> agent = std::move(agent_);  // its calls fail while this goes
  if (hypervisor_ == nullptr) return RemoveFiles();
  hypervisor_->Stop(guard_.Wrap([this](const absl::Status&) { RemoveFiles(); }));
}

void Sandbox::RemoveFiles() {
  step_ = std::make_unique<shim::ForkedStep>(context_.loop, context_.reaper);
  step_->Run(
      "removing the files of a VM", kShareTimeout, [this] { return RemoveVmFiles(files_); },
      guard_.Wrap([this](const absl::Status& status) {
        if (!status.ok()) {
          context_.log.Error("VM ", files_.sandbox, ": ", status.message());
        }
        Stopped();
      }));
}

void Sandbox::Stopped() {
  state_ = State::kStopped;
  std::vector<shim::Done<>> waiting = std::exchange(stopping_, {});
  for (shim::Done<>& done : waiting) done(absl::OkStatus());  // may destroy this
}

}  // namespace backends
