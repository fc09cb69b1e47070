// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "reference-shim/backends/vm/guest_process.h"
#include "reference-shim/backends/vm/sandbox.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"

namespace backends {

// A further process in a container in a VM.
class VmExec : public shim::ExecWorkload {
 public:
  // `context` and `sandbox` are borrowed.
  VmExec(const shim::BackendContext& context, Sandbox& sandbox, const std::string& container,
         shim::ExecSpec spec);
  ~VmExec() override;

  void Start(shim::Done<pid_t> done) override;
  void Signal(int signo, shim::Done<> done) override;
  void Resize(shim::WindowSize size, shim::Done<> done) override;
  void Flush(shim::Done<> done) override;

 private:
  absl::Status Prepare();
  void OnStarted(const absl::Status& status, shim::Done<pid_t> done);

  const shim::BackendContext& context_;
  Sandbox& sandbox_;
  const std::string name_;  // among the sandbox's members
  shim::ExecSpec spec_;
  std::optional<shim::WindowSize> size_;
  GuestProcessKey key_;
  std::unique_ptr<GuestProcess> process_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
