// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "conformance/harness/check.h"
#include "conformance/harness/check_run.h"

namespace conformance {

// What a worker is to do in its world; main hands in RunCheck and ProbeShim.
struct WorkerBody {
  std::vector<Check> checks;
  std::function<CheckOutcome(const Check&, const WorkerServices&, const WorldInfo&,
                             const SubjectInfo&, const Profile&)>
      run_check;
  std::function<absl::StatusOr<SubjectInfo>(const WorkerServices&, const WorldInfo&,
                                            const Profile&)>
      probe;
};

// `shimgauge worker`: reads its job, makes its world, runs one check (or the probe), audits,
// reports and ends the process; with it ends everything in its pid namespace. Whatever goes wrong
// is reported to the runner as a `failed` message. Exit code 0 if something was reported, else 4.
[[noreturn]] void WorkerMain(const WorkerBody& body);

}  // namespace conformance
