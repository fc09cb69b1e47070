// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/accounting.h"
#include "conformance/harness/daemon_line.h"

namespace conformance {

// Whether the shim would run under one generation of containerd, as far as a run can tell.
struct DaemonFit {
  enum class Answer { kRuns, kDoesNot, kNotAsked };
  DaemonLine line = DaemonLine::k1_6;
  Answer answer = Answer::kNotAsked;
  std::string reason;  // why not, or why nobody asked
  // Ids of MUST requirements that hold for this generation and that a check found broken, expected
  // or not: it runs, but not always right. Sorted.
  std::vector<std::string> broken;
};
std::string AnswerName(DaemonFit::Answer answer);  // "runs", "does-not", "not-asked"

// One row per generation, oldest first: the answer from the check that plays it, what is broken
// from all others. Empty when no such check was planned.
std::vector<DaemonFit> DaemonFits(const std::vector<CheckResult>& results);

// The end of a text report, a line per generation; "" for no rows.
std::string DaemonFitText(const std::vector<DaemonFit>& fits);

}  // namespace conformance
