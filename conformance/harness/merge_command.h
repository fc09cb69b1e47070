// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <vector>

#include "conformance/harness/check.h"
#include "conformance/reports/finished_run.h"
#include "conformance/reports/result_file.h"

namespace conformance {

// Several results as one. `finished` points into the object.
class MergedRun {
 public:
  // INVALID_ARGUMENT says which two files differ in what: suite, shim, profile, seed, deadlines or
  // selection; which check is in two of them; which shards are missing. The checks come in the
  // order of `known`, others behind them.
  static absl::StatusOr<MergedRun> Merge(std::vector<ResultFile> parts,
                                         const std::vector<Check>& known);

  [[nodiscard]] const FinishedRun& finished() const { return finished_; }

 private:
  std::vector<ResultFile> parts_;  // own checks and expectations
  std::unique_ptr<RunInfo> run_;
  FinishedRun finished_;
};

}  // namespace conformance
