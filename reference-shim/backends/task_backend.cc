// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/task_backend.h"

#include <string>
#include <utility>

#include "reference-shim/backends/features_json.h"
#include "reference-shim/backends/oci/oci_backend.h"
#include "reference-shim/backends/vm/vm_backend.h"
#include "reference-shim/backends/vm/vm_config.h"
#include "reference-shim/backends/vm/vm_files.h"
#include "reference-shim/backends/wasm/module_file.h"
#include "reference-shim/backends/wasm/wasm_backend.h"
#include "reference-shim/backends/wasm/wasm_record.h"

namespace backends {
namespace {

class TaskBackend : public shim::Backend {
 public:
  explicit TaskBackend(const shim::BackendContext& context)
      : context_(context), oci_(MakeOciBackend(context)), wasm_(MakeWasmBackend(context)) {}

  // What wasm lacks, it refuses by itself.
  [[nodiscard]] shim::Capabilities capabilities() const override { return oci_->capabilities(); }

  void Create(shim::CreateSpec spec, shim::Done<std::unique_ptr<shim::Workload>> done) override {
    Choose(spec).Create(std::move(spec), std::move(done));
  }

  [[nodiscard]] bool TakesRootfs(const shim::CreateSpec& spec) override {
    return IsVmTask(spec.options, spec.spec.annotations, pod_in_vm_) && Vm().TakesRootfs(spec);
  }

  absl::StatusOr<std::unique_ptr<shim::SandboxWorkload>> MakeSandbox(
      shim::SandboxSpec spec) override {
    if (!IsVmTask(spec.options, spec.annotations)) return std::unique_ptr<shim::SandboxWorkload>();
    pod_in_vm_ = true;
    return Vm().MakeSandbox(std::move(spec));
  }

  void Reclaim(shim::ReclaimSpec spec, shim::Done<> done) override {
    shim::Backend& backend = HasVmRecord(spec.bundle)     ? Vm()
                             : HasWasmRecord(spec.bundle) ? *wasm_
                                                          : *oci_;
    backend.Reclaim(std::move(spec), std::move(done));
  }

  void Features(shim::Opaque options, shim::Done<std::string> done) override {
    wasm_->Features(options, [this, options, done = std::move(done)](
                                 const absl::StatusOr<std::string>& wasm) mutable {
      AddOciFeatures(std::move(options), wasm.value_or(""), std::move(done));
    });
  }

 private:
  shim::Backend& Choose(const shim::CreateSpec& spec) {
    if (IsVmTask(spec.options, spec.spec.annotations, pod_in_vm_)) return Vm();
    return IsWasmTask(spec.spec, spec.bundle) ? *wasm_ : *oci_;
  }

  // Most shims never have one.
  shim::Backend& Vm() {
    if (vm_ == nullptr) vm_ = MakeVmBackend(context_);
    return *vm_;
  }

  // An engine for everything else may be missing where only Wasm is run, but not one that somebody
  // has chosen.
  void AddOciFeatures(shim::Opaque options, std::string wasm, shim::Done<std::string> done) {
    const bool chosen = !options.value.empty();
    oci_->Features(std::move(options), [chosen, wasm = std::move(wasm), done = std::move(done)](
                                           absl::StatusOr<std::string> oci) mutable {
      if (wasm.empty()) return done(std::move(oci));
      if ((absl::IsNotFound(oci.status()) && !chosen) || (oci.ok() && oci->empty())) {
        return done(std::move(wasm));
      }
      if (oci.ok()) oci = WithAnnotations(*oci, WasmFeatureAnnotations());
      done(std::move(oci));
    });
  }

  const shim::BackendContext context_;
  bool pod_in_vm_ = false;  // the sandbox of this shim is a VM
  std::unique_ptr<shim::Backend> vm_;
  std::unique_ptr<shim::Backend> oci_;
  std::unique_ptr<shim::Backend> wasm_;
};

}  // namespace

std::unique_ptr<shim::Backend> MakeTaskBackend(const shim::BackendContext& context) {
  return std::make_unique<TaskBackend>(context);
}

}  // namespace backends
