// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "oci/spec.h"
#include "reference-shim/backends/hook_run.h"
#include "reference-shim/backends/vm/agent.h"
#include "reference-shim/backends/vm/vm_files.h"
#include "reference-shim/backends/vm/vm_host.h"
#include "reference-shim/backends/vm/vsock_dial.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"

namespace backends {

// Ends and removes what a dead shim left of a container in a VM, by what is on the disk (R6), in
// less than 4 s (DEL-05): the hypervisor, the mounts, the files; then the poststop hooks. While
// the shim of the pod is alive, the one container ends, by its agent, and what is shared of it
// goes; that shim tells its end (DEL-08).
class VmReclaim {
 public:
  // `host` is borrowed. `done` is called at the end of Run or later from the loop; it may destroy
  // this.
  VmReclaim(VmHost& host, shim::ReclaimSpec spec, shim::Done<> done);
  VmReclaim(const VmReclaim&) = delete;
  VmReclaim& operator=(const VmReclaim&) = delete;

  void Run();

 private:
  void EndContainer();
  void KillInGuest(base::UniqueFd connection);
  void Unshare(const absl::Status& killed);
  void EndHypervisor(const VmFiles& files);
  void RemoveFiles(const absl::Status& ended);
  void RunPoststop(const absl::Status& removed);
  void Finish(const absl::Status& status);

  VmHost& host_;
  shim::ReclaimSpec spec_;
  shim::Done<> done_;
  std::unique_ptr<VmFiles> files_;
  base::UniqueFd hypervisor_;
  boost::asio::posix::stream_descriptor exited_;  // borrows hypervisor_
  std::unique_ptr<VsockDial> dial_;
  std::unique_ptr<Agent> agent_;
  oci::Spec container_;
  std::unique_ptr<HookRun> hooks_;
  shim::Deadline deadline_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
