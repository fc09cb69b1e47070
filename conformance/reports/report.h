// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <string>
#include <vector>

#include "conformance/harness/accounting.h"
#include "conformance/harness/check_run.h"
#include "conformance/harness/run_info.h"

namespace conformance {

// Listens to a run. Calls come in this order: RunStarted, Probed, any number of CheckStarted,
// AttemptEnded and CheckEnded (checks in the order they finish), RunEnded. An interrupted run may
// skip from anywhere to RunEnded; a killed one just stops.
class Report {
 public:
  virtual ~Report() = default;
  // `run` stays valid for all later calls.
  virtual void RunStarted(const RunInfo& /*run*/) {}
  // `engine` is the first line of what the engine says about its version, or why it says nothing.
  virtual void Probed(const SubjectInfo& /*subject*/, const std::string& /*engine*/) {}
  virtual void CheckStarted(const PlannedCheck& /*check*/) {}
  // One execution of `check` is over.
  virtual void AttemptEnded(const PlannedCheck& /*check*/, const Attempt& /*attempt*/) {}
  virtual void CheckEnded(const CheckResult& /*result*/) {}
  // `results` are all of them, in plan order.
  virtual void RunEnded(const Summary& /*summary*/, const std::vector<CheckResult>& /*results*/,
                        std::chrono::microseconds /*took*/) {}
  // Not OK once something could not be written.
  [[nodiscard]] virtual absl::Status status() const { return absl::OkStatus(); }
};

}  // namespace conformance
