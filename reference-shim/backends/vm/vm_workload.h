// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "oci/spec.h"
#include "reference-shim/backends/hook_run.h"
#include "reference-shim/backends/vm/guest_process.h"
#include "reference-shim/backends/vm/guest_spec.h"
#include "reference-shim/backends/vm/vm_host.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/forked_step.h"

namespace backends {

// A container in the VM of its pod. Its processes have no pids on the host: the hypervisor's stands
// for each of them.
class VmWorkload : public shim::Workload {
 public:
  // `host` is borrowed. Nothing exists yet.
  VmWorkload(VmHost& host, shim::CreateSpec spec);
  ~VmWorkload() override;

  // Boots the VM unless it runs, runs the hooks, shares the rootfs, has the agent make the
  // container. Call once, before everything else. After a failure nothing is left, a VM that was
  // booted for it neither, and the poststop hooks have run (HOOK-07).
  void Create(shim::Done<> done);

  [[nodiscard]] pid_t pid() const override { return pid_; }
  void Start(shim::Done<pid_t> done) override;
  void Signal(int signo, shim::SignalScope scope, shim::Done<> done) override;
  absl::StatusOr<std::unique_ptr<shim::ExecWorkload>> Exec(shim::ExecSpec spec) override;
  void Resize(shim::WindowSize size, shim::Done<> done) override;
  void Pause(shim::Done<> done) override;
  void Resume(shim::Done<> done) override;
  void Update(std::string resources_json, shim::Done<> done) override;
  void Sample(shim::Done<shim::Opaque> done) override;
  void Pids(shim::Done<std::vector<pid_t>> done) override;
  void Delete(shim::Done<> done) override;

 private:
  // The steps of Create; each goes on to the next or ends with Abandon.
  absl::Status Join();
  void RunHooks();
  void ShareFiles();
  void TakeResources();
  void MakeContainer(const std::vector<GuestStorage>& storages);
  void OnMade(const absl::Status& status);
  void Abandon(absl::Status why);

  // The steps of the end.
  void Dismantle(shim::Done<> done);
  void Remove(shim::Done<> done);
  void Unshare(shim::Done<> done);
  void ReleaseResources(shim::Done<> done);
  void RunPoststop(shim::Done<> done);

  // Both null once the VM is lost.
  [[nodiscard]] ResourceManager* resources() const {
    return sandbox_ == nullptr ? nullptr : sandbox_->resources();
  }
  [[nodiscard]] Agent* agent() const { return sandbox_ == nullptr ? nullptr : sandbox_->agent(); }
  void OnLost(unsigned status);

  VmHost& host_;
  oci::Spec spec_;
  const std::vector<container::Mount> disk_rootfs_;  // else the root is a directory here
  const std::string id_;
  const std::string bundle_;
  const std::string checkpoint_;
  const shim::Opaque options_;
  shim::ProcessIo io_;
  shim::ExitCallback on_exit_;
  std::function<void()> on_oom_;
  Sandbox* sandbox_ = nullptr;  // between Join and Leave
  GuestSpec guest_;
  pid_t pid_ = 0;
  bool recorded_ = false;  // poststop hooks are to be run
  bool shared_ = false;
  bool has_resources_ = false;
  bool in_guest_ = false;  // the agent has been asked to make it
  std::unique_ptr<GuestProcess> init_;
  HookRun hooks_;
  std::unique_ptr<shim::ForkedStep> step_;
  shim::Done<> created_;
  shim::CallbackGuard guard_;
};

// What the verbs answer once the VM is gone.
absl::Status NoVm();

}  // namespace backends
