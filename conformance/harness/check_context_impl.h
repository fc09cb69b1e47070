// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conformance/harness/check_context.h"
#include "conformance/harness/check_context_parts.h"
#include "conformance/harness/processes_view.h"

namespace conformance {

// The CheckContext that check functions get: their verbs on the parts of the check.
class CheckContextImpl : public CheckContext {
 public:
  CheckContextImpl(CheckScope& scope, CheckParts& parts)
      : scope_(scope), parts_(parts), view_(scope.world().cgroup_parent) {}

  ShimUnderTest& Shim() override;
  Bundle MakeBundle(const ProcessSpec& process, const BundleOptions& options) override;
  StartResult RunStart(const Bundle& bundle, const StartOptions& options) override;
  std::vector<StartResult> RunStartsTogether(const std::vector<Bundle>& bundles,
                                             const StartOptions& options) override;
  ShimUnderTest& StartShim(const Bundle& bundle, const StartOptions& options) override;
  ShimUnderTest& ConnectTo(const std::string& address, int task_version) override;
  bool CanConnect(const std::string& address) override;
  DeleteResult RunDelete(const Bundle& bundle, const StartOptions& options) override;
  std::vector<DeleteResult> RunDeletesTogether(const std::vector<Bundle>& bundles,
                                               const StartOptions& options) override;
  CommandResult RunShim(const std::vector<std::string>& arguments,
                        const CommandOptions& options) override;
  Task Create(const ProcessSpec& process, const CreateOptions& options) override;
  Task TryCreate(const ProcessSpec& process, const CreateOptions& options) override;
  std::unique_ptr<PendingReply> CreateAsync(ShimUnderTest& shim, const Bundle& bundle,
                                            const StdioOptions& stdio) override;
  Task Attach(const Task& task, ShimUnderTest& connection) override;
  EventSink& Sink() override { return parts_.sink; }
  std::vector<Event> AwaitEvents(
      const std::function<bool(const std::vector<Event>&)>& predicate) override;
  std::vector<Event> Events() override;
  bool Eventually(const std::function<bool()>& predicate,
                  std::chrono::milliseconds deadline) override;
  void Linger(std::chrono::milliseconds duration) override;
  std::string ScratchDirectory() override { return scope_.world().scratch; }
  std::string SocketDirectory() override { return scope_.world().sockets; }
  Processes& World() override { return view_; }
  std::string Namespace() override { return scope_.world().ns; }
  std::string ContainerdAddress() override { return scope_.world().containerd_path; }
  std::string ProgramOnHost(const std::string& name) override;
  void CloseLog(const Bundle& bundle) override { parts_.bundles.CloseLog(bundle); }
  void FillLog(const Bundle& bundle) override { parts_.bundles.FillLog(bundle); }
  std::uint64_t Seed() override { return scope_.world().seed; }
  [[nodiscard]] const Profile& profile() const { return scope_.profile(); }
  void Skip(const std::string& reason) override { scope_.EndAsSkip(reason); }
  void Note(const std::string& text) override { scope_.Note(text); }
  void ExpectShimDeath(pid_t pid) override { parts_.daemons.ExpectDeath(pid); }
  void AddFailure(Why why) override { scope_.AddFailure(std::move(why)); }

 protected:
  void RecordStatus(const absl::Status& status, Because because, base::Here here) override;
  void NotePassed() override { scope_.CountObservation(); }

 private:
  void MarkStarted(const Bundle& bundle, const StartResult& result);
  ShimConnection& ConnectOrEnd(const std::string& address, int task_version);
  ShimUnderTest& ShimFor(const Bundle& bundle, const CreateOptions& options);
  // Makes the container one of the pod of the first one that this shim has made, if there is one.
  void JoinPod(const ShimUnderTest& shim, const Bundle& bundle);
  // A task with streams of its own, not created yet, known to clean-up.
  std::shared_ptr<Task::Impl> NewTask(ShimUnderTest& shim, const Bundle& bundle,
                                      const StdioOptions& stdio);

  CheckScope& scope_;
  CheckParts& parts_;
  ProcView view_;
  ShimUnderTest* shim_ = nullptr;  // what Shim() returns, once started
};

}  // namespace conformance
