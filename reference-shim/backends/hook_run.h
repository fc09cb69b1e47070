// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "oci/spec.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/forked_step.h"

namespace backends {

// Runs the hooks of a container that belong outside of it, in a process aside (HOOK-05), which is
// not made where there are none. `done` comes at once then, else later from the loop. A hook that
// takes too long is killed with its process group.
class HookRun {
 public:
  // `context` is borrowed, and so is `spec`, for the calls only.
  HookRun(const shim::BackendContext& context, const oci::Spec& spec, std::string id,
          std::string bundle);

  // prestart and createRuntime; `pid` is the container's first process.
  void BeforeStart(pid_t pid, shim::Done<> done);
  // The same and createContainer, for a container whose own namespaces are out of reach.
  void BeforeGuest(pid_t pid, shim::Done<> done);
  void Poststart(pid_t pid, shim::Done<> done);
  // All run, whatever happens; `done` carries what went wrong (HOOK-08).
  void Poststop(std::chrono::milliseconds timeout, shim::Done<> done);

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  void Run(std::chrono::milliseconds timeout, absl::FunctionRef<absl::Status(Deadline)> body,
           shim::Done<> done);

  const shim::BackendContext& context_;
  const oci::Spec& spec_;
  std::string id_;
  std::string bundle_;
  std::unique_ptr<shim::ForkedStep> step_;
};

}  // namespace backends
