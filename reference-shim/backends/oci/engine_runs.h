// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "reference-shim/backends/oci/engine.h"
#include "reference-shim/shim/backend.h"

namespace backends {

// Engine commands under way side by side. Destroying it ends them all without a word.
class EngineRuns {
 public:
  EngineRuns() = default;
  EngineRuns(const EngineRuns&) = delete;
  EngineRuns& operator=(const EngineRuns&) = delete;

  // As Engine::Run, but a command that cannot be run is reported through `done` too, at once.
  void Start(const Engine& engine, const EngineCommand& command, const EngineIo& io,
             std::chrono::milliseconds timeout, shim::Done<std::string> done);

 private:
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::unique_ptr<EngineRun>> runs_;
};

}  // namespace backends
