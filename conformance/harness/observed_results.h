// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/condition.h"
#include "conformance/reports/result_file.h"

namespace conformance {

// What a result file says about one check, as far as expectations are concerned.
struct ObservedCheck {
  std::string id;
  // The verdict of every attempt that was judged ("pass", "fail", "crash", "hang", "leak"), and its
  // why.code ("" for a pass). Empty for a check that was skipped or not run.
  std::vector<std::string> verdicts;
  std::vector<std::string> codes;
  std::string requirement;  // the one that was broken, else the check's first
  std::string text;         // what was wrong, one sentence
};

// A run of the past in the words of expectations.
struct ObservedRun {
  std::vector<ObservedCheck> checks;
  // shim.version, host.kernel, host.cgroup, host.priv: what results record. Others are unknown.
  Facts facts;
  bool complete = false;
};

ObservedRun Observe(const ResultFile& file);

}  // namespace conformance
