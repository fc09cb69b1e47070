// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

#include "reference-shim/backends/vm/vm_workload.h"

namespace backends {

// One Create under way.
class VmCreation {
 public:
  // `host` is borrowed.
  VmCreation(VmHost& host, shim::CreateSpec spec, shim::Done<std::unique_ptr<shim::Workload>> done)
      : workload_(std::make_unique<VmWorkload>(host, std::move(spec))), done_(std::move(done)) {}

  void Run() {
    workload_->Create([this](const absl::Status& status) {
      if (!status.ok()) return std::exchange(done_, nullptr)(status);
      std::exchange(done_, nullptr)(std::move(workload_));
    });
  }

 private:
  std::unique_ptr<VmWorkload> workload_;
  shim::Done<std::unique_ptr<shim::Workload>> done_;
};

}  // namespace backends
