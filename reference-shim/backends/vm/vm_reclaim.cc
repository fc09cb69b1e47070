// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/vm_reclaim.h"

#include <absl/strings/str_cat.h>

#include <csignal>
#include <utility>

#include "base/pidfd.h"
#include "container/recorded_process.h"
#include "oci/bundle.h"
#include "reference-shim/backends/vm/limits.h"

namespace backends {
namespace {

// A process recorded among the VM's files that still runs; closed: there is none.
base::UniqueFd FindAlive(const VmFiles& files, const char* name) {
  absl::StatusOr<base::UniqueFd> process =
      container::OpenRecordedProcess(absl::StrCat(files.directory, "/", name));
  if (!process.ok() || base::HasExited(*process)) return {};
  return *std::move(process);
}

}  // namespace

VmReclaim::VmReclaim(VmHost& host, shim::ReclaimSpec spec, shim::Done<> done)
    : host_(host),
      spec_(std::move(spec)),
      done_(std::move(done)),
      exited_(host.context.loop),
      deadline_(host.context.loop) {}

void VmReclaim::Run() {
  const absl::StatusOr<std::string> sandbox = LoadVmRecord(spec_.bundle);
  if (absl::IsNotFound(sandbox.status())) return Finish(absl::OkStatus());
  if (!sandbox.ok()) return Finish(sandbox.status());
  files_ = std::make_unique<VmFiles>(host_.context.namespace_name, *sandbox);
  absl::StatusOr<oci::Spec> container = oci::ReadSpec(spec_.bundle);
  if (container.ok()) {
    container_ = *std::move(container);
  } else if (!absl::IsNotFound(container.status())) {  // a sandbox may have none (SBX-21)
    host_.context.log.Warning(container.status().message());
  }
  FindAlive(*files_, "shim.pid").ok() ? EndContainer() : EndHypervisor(*files_);
}

// Its shim still speaks with the agent, over a connection of its own.
void VmReclaim::EndContainer() {
  dial_ = std::make_unique<VsockDial>(host_.context.loop);
  dial_->Run(AgentSocket(*files_), ReadAgentPort(*files_), kVmReclaimAgentTimeout,
             guard_.Wrap([this](absl::StatusOr<base::UniqueFd> connection) {
               if (!connection.ok()) return Unshare(connection.status());
               KillInGuest(*std::move(connection));
             }));
}

void VmReclaim::KillInGuest(base::UniqueFd connection) {
  agent_ =
      std::make_unique<Agent>(host_.context.loop, std::move(connection), kVmReclaimAgentTimeout);
  agent_->SignalProcess({.container = spec_.id, .exec = ""}, SIGKILL, kVmReclaimAgentTimeout,
                        guard_.Wrap([this](const absl::Status& killed) { Unshare(killed); }));
}

// A container that the guest does not know has ended.
void VmReclaim::Unshare(const absl::Status& killed) {
  if (!killed.ok()) {
    host_.context.log.Warning("container ", spec_.id, " in its guest: ", killed.message());
  }
  RunPoststop(UnshareWithGuest(*files_, spec_.id));
}

void VmReclaim::EndHypervisor(const VmFiles& files) {
  hypervisor_ = FindAlive(files, "vmm.pid");
  if (!hypervisor_.ok()) return RemoveFiles(absl::OkStatus());
  (void)base::SendSignal(hypervisor_, SIGKILL);
  boost::system::error_code error;
  exited_.assign(hypervisor_.get(), error);
  if (error) return RemoveFiles(absl::OkStatus());
  deadline_.Set(kVmReclaimKillTimeout, [this] {
    RemoveFiles(absl::DeadlineExceededError(
        absl::StrCat("the hypervisor of ", files_->sandbox, " survives SIGKILL")));
  });
  exited_.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      guard_.Wrap([this](const boost::system::error_code&) { RemoveFiles(absl::OkStatus()); }));
}

void VmReclaim::RemoveFiles(const absl::Status& ended) {
  guard_.Reset();
  deadline_.Clear();
  if (exited_.is_open()) exited_.release();
  if (!ended.ok()) return Finish(ended);
  RunPoststop(RemoveVmFiles(*files_));
}

void VmReclaim::RunPoststop(const absl::Status& removed) {
  if (!removed.ok()) return Finish(removed);
  // First, so that nobody runs them again (HOOK-10).
  RemoveVmRecord(spec_.bundle);
  hooks_ = std::make_unique<HookRun>(host_.context, container_, spec_.id, spec_.bundle);
  hooks_->Poststop(kVmReclaimHooksTimeout, guard_.Wrap([this](const absl::Status& ran) {
    if (!ran.ok()) host_.context.log.Warning("container ", spec_.id, ": ", ran.message());
    Finish(absl::OkStatus());
  }));
}

void VmReclaim::Finish(const absl::Status& status) { std::exchange(done_, nullptr)(status); }

}  // namespace backends
