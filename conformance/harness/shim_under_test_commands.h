// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "conformance/harness/check_context_scope.h"
#include "conformance/harness/shim_under_test.h"
#include "fakes/containerd/command.h"
#include "fakes/containerd/shim_invoker.h"

namespace conformance {

// The runtime options to hand to a shim, serialized: `wanted` (serialized too, may be empty) with
// the profile's engine as BinaryName, unless it names one or the engine is the usual one. Empty:
// none.
std::string RuncOptionsFor(const Profile& profile, const std::string& wanted);

// Runs the shim binary as containerd does and records it. Judges nothing. A program that cannot
// even be executed is the harness' trouble: the check ends with verdict error.
class ShimCommands {
 public:
  // `sink_address` becomes TTRPC_ADDRESS.
  ShimCommands(CheckScope& scope, std::string sink_address)
      : scope_(scope), sink_address_(std::move(sink_address)) {}

  StartResult Start(const Bundle& bundle, const StartOptions& options);
  // All at once; results in the order of `bundles`.
  std::vector<StartResult> StartTogether(const std::vector<Bundle>& bundles,
                                         const StartOptions& options);
  DeleteResult Delete(const Bundle& bundle, const StartOptions& options);
  std::vector<DeleteResult> DeleteTogether(const std::vector<Bundle>& bundles,
                                           const StartOptions& options);
  CommandResult Run(const std::vector<std::string>& arguments, const CommandOptions& options);

  // The same for a program that may be anything: failing to execute it is an answer.
  absl::StatusOr<StartResult> TryStart(const Bundle& bundle, const StartOptions& options);
  absl::StatusOr<CommandResult> TryRun(const std::vector<std::string>& arguments,
                                       const CommandOptions& options);

  // Of the first `start`, exec to exit; 0 when there was none.
  [[nodiscard]] std::int64_t boot_us() const { return boot_us_; }

 private:
  struct Job {
    std::string title;  // "start c1 (legacy)"
    fakes::CommandSpec spec;
  };

  std::vector<absl::StatusOr<fakes::CommandOutcome>> RunJobs(std::vector<Job> jobs);
  [[nodiscard]] fakes::Daemon Containerd(const StartOptions& options) const;
  [[nodiscard]] fakes::ShimAction Action(const Bundle& bundle, const StartOptions& options) const;
  [[nodiscard]] Dialect DialectOf(const StartOptions& options) const;
  [[nodiscard]] Job StartJob(const Bundle& bundle, const StartOptions& options);
  StartResult ToStartResult(fakes::CommandOutcome outcome, Dialect dialect);

  CheckScope& scope_;
  const std::string sink_address_;
  std::int64_t boot_us_ = 0;
};

}  // namespace conformance
