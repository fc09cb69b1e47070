// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/vm_backend.h"

#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/operations.h"
#include "reference-shim/backends/vm/guest_disk.h"
#include "reference-shim/backends/vm/vm_creation.h"
#include "reference-shim/backends/vm/vm_host.h"
#include "reference-shim/backends/vm/vm_pod.h"
#include "reference-shim/backends/vm/vm_reclaim.h"

namespace backends {
namespace {

class VmBackend : public shim::Backend {
 public:
  explicit VmBackend(const shim::BackendContext& context) : host_(context) {}

  // Agents give each container a pid namespace of its own.
  [[nodiscard]] shim::Capabilities capabilities() const override {
    return {.exec = true, .terminal = true, .pause = true, .update = true, .stats = true};
  }

  void Create(shim::CreateSpec spec, shim::Done<std::unique_ptr<shim::Workload>> done) override {
    creations_.Run(host_, std::move(spec), std::move(done));
  }

  // A disk is mounted by the guest, and by it alone.
  [[nodiscard]] bool TakesRootfs(const shim::CreateSpec& spec) override {
    return IsDiskRootfs(spec.rootfs);
  }

  absl::StatusOr<std::unique_ptr<shim::SandboxWorkload>> MakeSandbox(
      shim::SandboxSpec spec) override {
    auto pod = std::make_unique<VmPod>(host_, std::move(spec));
    RETURN_IF_ERROR(pod->Open());
    return pod;
  }

  void Reclaim(shim::ReclaimSpec spec, shim::Done<> done) override {
    reclaims_.Run(host_, std::move(spec), std::move(done));
  }

 private:
  VmHost host_;
  Operations<VmCreation> creations_;
  Operations<VmReclaim> reclaims_;
};

}  // namespace

std::unique_ptr<shim::Backend> MakeVmBackend(const shim::BackendContext& context) {
  return std::make_unique<VmBackend>(context);
}

}  // namespace backends
