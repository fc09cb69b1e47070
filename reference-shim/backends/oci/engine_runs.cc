// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/engine_runs.h"

#include <utility>

namespace backends {

void EngineRuns::Start(const Engine& engine, const EngineCommand& command, const EngineIo& io,
                       std::chrono::milliseconds timeout, shim::Done<std::string> done) {
  const std::uint64_t key = next_++;
  shim::Done<std::string> finish =
      [this, key, done = std::move(done)](absl::StatusOr<std::string> result) mutable {
        const auto finished = runs_.extract(key);  // goes when this returns
        done(std::move(result));                   // may destroy this
      };
  auto run = engine.Run(command, io, timeout, std::move(finish));
  if (run.ok()) {
    runs_.emplace(key, *std::move(run));
  } else {
    finish(run.status());
  }
}

}  // namespace backends
