// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/hook_run.h"

#include <utility>

#include "base/status_macros.h"
#include "container/hooks.h"
#include "reference-shim/backends/wasm/stage_limits.h"

namespace backends {

using container::HookFailure;

namespace {

container::HookState StateOf(const oci::Spec& spec, const std::string& id,
                             const std::string& bundle, const char* status, pid_t pid) {
  return {.oci_version = spec.oci_version,
          .id = id,
          .status = status,
          .pid = pid,
          .bundle = bundle,
          .annotations = spec.annotations};
}

}  // namespace

HookRun::HookRun(const shim::BackendContext& context, const oci::Spec& spec, std::string id,
                 std::string bundle)
    : context_(context), spec_(spec), id_(std::move(id)), bundle_(std::move(bundle)) {}

void HookRun::BeforeStart(pid_t pid, shim::Done<> done) {
  const oci::Hooks& hooks = spec_.hooks;
  if (hooks.prestart.empty() && hooks.create_runtime.empty()) return done(absl::OkStatus());
  const container::HookState state = StateOf(spec_, id_, bundle_, "creating", pid);
  const auto body = [&](Deadline deadline) -> absl::Status {
    RETURN_IF_ERROR(
        container::RunHooks("prestart", hooks.prestart, state, HookFailure::kStops, deadline));
    return container::RunHooks("createRuntime", hooks.create_runtime, state, HookFailure::kStops,
                               deadline);
  };
  Run(kHooksTimeout, body, std::move(done));
}

void HookRun::BeforeGuest(pid_t pid, shim::Done<> done) {
  const oci::Hooks& hooks = spec_.hooks;
  if (hooks.create_container.empty()) return BeforeStart(pid, std::move(done));
  const container::HookState state = StateOf(spec_, id_, bundle_, "creating", pid);
  const auto body = [&](Deadline deadline) -> absl::Status {
    RETURN_IF_ERROR(
        container::RunHooks("prestart", hooks.prestart, state, HookFailure::kStops, deadline));
    RETURN_IF_ERROR(container::RunHooks("createRuntime", hooks.create_runtime, state,
                                        HookFailure::kStops, deadline));
    return container::RunHooks("createContainer", hooks.create_container, state,
                               HookFailure::kStops, deadline);
  };
  Run(kHooksTimeout, body, std::move(done));
}

void HookRun::Poststart(pid_t pid, shim::Done<> done) {
  if (spec_.hooks.poststart.empty()) return done(absl::OkStatus());
  const auto body = [&](Deadline deadline) {
    return container::RunHooks("poststart", spec_.hooks.poststart,
                               StateOf(spec_, id_, bundle_, "running", pid), HookFailure::kStops,
                               deadline);
  };
  Run(kHooksTimeout, body, std::move(done));
}

void HookRun::Poststop(std::chrono::milliseconds timeout, shim::Done<> done) {
  if (spec_.hooks.poststop.empty()) return done(absl::OkStatus());
  const auto body = [&](Deadline deadline) {
    return container::RunHooks("poststop", spec_.hooks.poststop,
                               StateOf(spec_, id_, bundle_, "stopped", 0), HookFailure::kLogged,
                               deadline);
  };
  Run(timeout, body, std::move(done));
}

// The copy ends a hook by itself and tells which one it was; the step's own limit is for a copy
// that cannot.
void HookRun::Run(std::chrono::milliseconds timeout, absl::FunctionRef<absl::Status(Deadline)> body,
                  shim::Done<> done) {
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  step_ = std::make_unique<shim::ForkedStep>(context_.loop, context_.reaper);
  step_->Run(
      "the hooks", timeout + kHookKillTime, [&] { return body(deadline); }, std::move(done));
}

}  // namespace backends
