// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

#include "conformance/reports/result_file.h"
#include "conformance/selftest/fault_rows.h"
#include "conformance/selftest/jobs.h"

namespace conformance {

// One run of the judge by a selftest, in a directory of its own that the worlds of the run see.
struct JudgeRun {
  std::string directory;  // absolute
  std::string shim;
  std::string engine;                 // empty: the judge's own choice
  std::vector<std::string> checks;    // ids or selectors; empty: all
  std::vector<std::string> options;   // further options of `run`
  std::vector<std::string> launcher;  // what comes before the judge's own command line
  int jobs = 1;                       // 0: the judge's own choice
  int repeat = 1;
  double deadline_scale = 1.0;
};

// The process for it. Its result, text report and complaints go to files in the directory.
absl::StatusOr<Job> MakeJudgeJob(const JudgeRun& run);

// What came of it. INTERNAL says how the judge ended if it wrote no result, or no complete one.
absl::StatusOr<ResultFile> ReadJudgeResult(const JudgeRun& run, const JobEnd& end);
// Its text report.
std::string ReadJudgeReport(const JudgeRun& run);

// Where faulty programs note in `directory` that their defect has shown.
std::string JournalIn(absl::string_view directory);

// The judge against a subject with one known fault: writes the wrapper that gives it. `shim` is
// the healthy subject; a fault of the shim seam has one of its own. FAILED_PRECONDITION when a
// program is not built.
absl::StatusOr<JudgeRun> MakeFaultyRun(const std::string& directory, const FaultRow& row,
                                       const std::string& shim, const std::string& engine);
// The same with all faults of a seam, none of which shows: its journal tells in which check each
// would have (FaultTrigger).
absl::StatusOr<JudgeRun> MakeRehearsal(const std::string& directory, fakes::KnownFaultSeam seam,
                                       const std::string& shim, const std::string& engine);

// The files whose content decides what a fault does: program, subject and judge.
absl::StatusOr<std::vector<std::string>> ProgramsOf(fakes::KnownFaultSeam seam,
                                                    const std::string& shim);

}  // namespace conformance
