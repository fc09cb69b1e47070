// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include "reference-shim/backends/vm/sandbox.h"
#include "reference-shim/backends/vm/vm_host.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"

namespace backends {

// A sandbox that is a VM: keeps the pod's VM from StartSandbox to StopSandbox, however many
// containers are in it. On the disk it is a record in the sandbox's bundle, as with containers.
class VmPod : public shim::SandboxWorkload {
 public:
  // `host` is borrowed.
  VmPod(VmHost& host, shim::SandboxSpec spec);
  ~VmPod() override;

  // Reads the configuration. Once, before everything else. INVALID_ARGUMENT: something is wrong
  // with it.
  absl::Status Open();

  // Completes with the hypervisor's pid.
  void Start(shim::Done<pid_t> done) override;
  void Stop(shim::Done<> done) override;
  // Of the hypervisor's process, which is what the pod costs its host.
  void Sample(shim::Done<shim::Opaque> done) override;

 private:
  VmHost& host_;
  const shim::SandboxSpec spec_;
  Sandbox* sandbox_ = nullptr;  // since Open
  bool recorded_ = false;
  bool stopped_ = false;
  shim::CallbackGuard guard_;
};

}  // namespace backends
