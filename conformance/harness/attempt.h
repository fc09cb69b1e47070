// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "conformance/harness/check_run.h"
#include "conformance/harness/worker_process.h"

namespace conformance {

// One execution of one check, judged, with all the evidence there is.
struct Attempt {
  int number = 1;  // of its check's executions, from 1; they need not end in that order
  Verdict verdict = Verdict::kNotRun;
  std::vector<Why> whys;  // the decisive one first; empty for a pass
  std::vector<std::string> notes;
  std::vector<HistoryEntry> history;
  std::string after;
  std::vector<Remainder> left;
  std::string shim_log;
  std::vector<std::string> hang;  // as in CheckOutcome, and so on
  std::string story;
  std::vector<Why> findings;
  std::uint64_t seed = 0;
  std::int64_t rpc_count = 0;
  std::int64_t boot_us = 0;
  std::int64_t check_us = 0;
  std::chrono::microseconds took{0};  // worker included
  // Processor time in it, the shim's included; 0: not known. The rest was waiting.
  std::chrono::microseconds worked{0};
};

// Turns the end of a worker into a verdict (`number` is the caller's to set):
// * no report: `hang` when the shim owed something and the budget ran out, else `error`;
// * a pass without a single observation is an `error` (law 1);
// * a pass in a world that is not clean is a `leak`;
// * kMay checks are never red: what they miss is a skip (not claimed) with a note.
Attempt JudgeAttempt(const Check& check, WorkerEnd end, std::uint64_t seed);

// The attempt of a check that cannot be run because the probe found no usable `start`.
Attempt StartFailedAttempt(const Check& check, const SubjectInfo& subject, std::uint64_t seed);

}  // namespace conformance
