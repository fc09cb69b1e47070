// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

#include "reference-shim/backends/wasm/wasm_workload.h"

namespace backends {

// One Create: the workload until it is handed over, or nothing.
class WasmCreation {
 public:
  // `host` is borrowed. `done` is called at the end of Run or later from the loop; it may destroy
  // this.
  WasmCreation(WasmHost& host, shim::CreateSpec spec,
               shim::Done<std::unique_ptr<shim::Workload>> done)
      : workload_(std::make_unique<WasmWorkload>(host, std::move(spec))), done_(std::move(done)) {}

  void Run() {
    workload_->Create([this](absl::Status status) {
      if (!status.ok()) return std::exchange(done_, nullptr)(std::move(status));
      std::exchange(done_, nullptr)(std::move(workload_));
    });
  }

 private:
  std::unique_ptr<WasmWorkload> workload_;
  shim::Done<std::unique_ptr<shim::Workload>> done_;
};

}  // namespace backends
