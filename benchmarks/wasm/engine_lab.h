// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>

#include "benchmarks/tasks/place.h"
#include "reference-shim/stage/wasmtime_handles.h"

namespace benchmarks::wasm {

// How an engine comes by the memories of an instance. Their data is copied on write either way:
// code is compiled for that, and an engine set otherwise refuses it.
enum class Allocation {
  kOnDemand,  // mapped for each instance: as the stage does it
  kPooling,   // slots mapped ahead, used again
};
const char* NameOf(Allocation allocation);

// What one run of a module took, step by step, in a process that has done it before.
struct EngineTimes {
  tasks::Clock::duration load{};         // of compiled code
  tasks::Clock::duration link{};         // linker, WASI, imports resolved
  tasks::Clock::duration store{};        // and the WASI context
  tasks::Clock::duration instantiate{};  // no code of the guest's runs
  tasks::Clock::duration call{};         // its entry, to the end
};

// The bare engine, by its C API: the floor below the stage's phases.
class EngineLab {
 public:
  static absl::StatusOr<EngineLab> Make(Allocation allocation);
  EngineLab(EngineLab&&) = default;
  EngineLab& operator=(EngineLab&&) = default;

  // Loads `code` (a file of the compiler's) and runs "_start", with `arg` behind its name.
  // FAILED_PRECONDITION if this engine does not take it. A guest's exit or trap is no error.
  absl::StatusOr<EngineTimes> Run(const std::string& code, const std::string& arg) const;

  // How long making this engine took.
  [[nodiscard]] tasks::Clock::duration made() const { return made_; }

 private:
  EngineLab(stage::wasmtime::EngineHandle engine, tasks::Clock::duration made)
      : engine_(std::move(engine)), made_(made) {}

  stage::wasmtime::EngineHandle engine_;
  tasks::Clock::duration made_;
};

}  // namespace benchmarks::wasm
