// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "reference-shim/backends/vm/sandbox.h"
#include "reference-shim/backends/vm/trace.h"
#include "reference-shim/shim/backend.h"

namespace backends {

// What all containers of one shim share: their pod's VM. One shim serves one group of containers
// (SOCK-08), hence there is at most one VM, and it lives as long as containers are in it, or the
// sandbox that is the VM.
class VmHost {
 public:
  explicit VmHost(const shim::BackendContext& shim_context) : context(shim_context) {}

  // The pod's VM with `member` in it as `id`; a new one, named after `group` and not started yet,
  // with the network of the namespace at that path, where there is none. FAILED_PRECONDITION: it
  // has ended or is about to, and its containers have not been deleted.
  absl::StatusOr<Sandbox*> Join(const std::string& id, const std::string& group,
                                const shim::Opaque& options, const std::string& network_namespace,
                                Sandbox::Member member);
  // The reverse. With the last container the VM ends, before `done`.
  void Leave(const std::string& id, shim::Done<> done);

  const shim::BackendContext context;

 private:
  // Outlives the VM, as the calls do that end it. Until there is another.
  std::unique_ptr<Tracer> tracer_;
  std::unique_ptr<Sandbox> sandbox_;
};

}  // namespace backends
