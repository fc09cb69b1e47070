// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/vm_pod.h"

#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/vm/process_facts.h"
#include "reference-shim/backends/vm/vm_files.h"

namespace backends {
namespace {

// No container and no exec is called so.
constexpr char kMember[] = "";

}  // namespace

VmPod::VmPod(VmHost& host, shim::SandboxSpec spec) : host_(host), spec_(std::move(spec)) {}

VmPod::~VmPod() {
  if (sandbox_ != nullptr) host_.Leave(kMember, [](const absl::Status&) {});
}

absl::Status VmPod::Open() {
  ASSIGN_OR_RETURN(sandbox_, host_.Join(kMember, spec_.id, spec_.options, spec_.network,
                                        {.lost = guard_.Wrap([this](unsigned status) {
                                           if (!stopped_) spec_.on_end(status);
                                         }),
                                         .out_of_memory = [] {}}));
  return absl::OkStatus();
}

void VmPod::Start(shim::Done<pid_t> done) {
  // Before anything is made: `delete` must find it, whenever we die (DEL-11).
  if (absl::Status saved = SaveVmRecord(spec_.bundle, sandbox_->files().sandbox); !saved.ok()) {
    return done(std::move(saved));
  }
  recorded_ = true;
  sandbox_->Start(guard_.Wrap([this, done = std::move(done)](const absl::Status& status) mutable {
    if (!status.ok()) return done(status);
    done(sandbox_->pid());
  }));
}

void VmPod::Stop(shim::Done<> done) {
  stopped_ = true;
  sandbox_->Stop(guard_.Wrap([this, done = std::move(done)](const absl::Status& status) mutable {
    if (status.ok() && std::exchange(recorded_, false)) RemoveVmRecord(spec_.bundle);
    done(status);
  }));
}

void VmPod::Sample(shim::Done<shim::Opaque> done) {
  if (sandbox_->agent() == nullptr) return done(absl::NotFoundError("the pod's VM does not run"));
  const absl::StatusOr<ProcessFacts> facts = ReadProcessFacts(sandbox_->pid());
  facts.ok() ? done(ToMetrics(*facts)) : done(facts.status());
}

}  // namespace backends
