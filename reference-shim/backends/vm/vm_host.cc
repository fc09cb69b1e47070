// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/vm_host.h"

#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/vm/vm_config.h"

namespace backends {

absl::StatusOr<Sandbox*> VmHost::Join(const std::string& id, const std::string& group,
                                      const shim::Opaque& options,
                                      const std::string& network_namespace,
                                      Sandbox::Member member) {
  if (sandbox_ == nullptr) {
    ASSIGN_OR_RETURN(VmConfig config, FindVmConfig(options));
    VmFiles files(context.namespace_name, group);
    tracer_.reset();
    if (!config.trace_file.empty() && context.calls != nullptr) {
      tracer_ = std::make_unique<Tracer>(context, config.trace_file, files.sandbox);
    }
    sandbox_ = std::make_unique<Sandbox>(context, std::move(config), std::move(files),
                                         network_namespace, tracer_.get());
  }
  if (sandbox_->state() == Sandbox::State::kStopping ||
      sandbox_->state() == Sandbox::State::kStopped) {
    return absl::FailedPreconditionError("the VM of the pod has ended");
  }
  sandbox_->Join(id, std::move(member));
  return sandbox_.get();
}

void VmHost::Leave(const std::string& id, shim::Done<> done) {
  if (sandbox_ == nullptr) return done(absl::OkStatus());
  sandbox_->Leave(id);
  if (sandbox_->members() > 0) return done(absl::OkStatus());
  sandbox_->Stop([this, done = std::move(done)](const absl::Status& status) mutable {
    if (sandbox_ == nullptr || sandbox_->members() > 0) return done(status);
    const std::unique_ptr<Sandbox> ended = std::move(sandbox_);  // goes when this returns
    done(status);
  });
}

}  // namespace backends
