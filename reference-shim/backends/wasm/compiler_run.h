// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "base/child_reaper.h"
#include "base/spawn.h"
#include "base/unique_fd.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/deadline.h"

namespace backends {

struct CompilerOrder {
  std::string program;  // absolute
  int module = -1;      // borrowed; read from its beginning
  std::string config;
  std::string sha256;  // of the module: what else it may have become is not compiled
};

// shimgauge-wasm-compile at work on one module: confined by itself, in a process group of its own,
// gone with this process. Destroying it kills it and drops the continuation.
class CompilerRun {
 public:
  // `done` comes from the loop with the native code in a file in memory that nobody can write to
  // any more. Errors as ModuleCache::Get. Fails at once, leaving `done` as it is, when the program
  // cannot be started.
  static absl::StatusOr<std::unique_ptr<CompilerRun>> Start(const shim::BackendContext& context,
                                                            const CompilerOrder& order,
                                                            shim::Done<base::UniqueFd>&& done);
  ~CompilerRun();
  CompilerRun(const CompilerRun&) = delete;
  CompilerRun& operator=(const CompilerRun&) = delete;

 private:
  explicit CompilerRun(const shim::BackendContext& context) : deadline_(context.loop) {}
  void OnExit(const base::ExitStatus& status);
  [[nodiscard]] absl::Status Outcome(const base::ExitStatus& status) const;
  [[nodiscard]] std::string Words() const;

  shim::Done<base::UniqueFd> done_;
  base::UniqueFd code_;
  base::UniqueFd words_;  // read end of what it says
  base::Child child_;
  base::ChildReaper::Watch exit_;
  shim::Deadline deadline_;
  bool timed_out_ = false;
};

}  // namespace backends
