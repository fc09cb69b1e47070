// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "conformance/selftest/fault_rows.h"
#include "conformance/selftest/judge_run.h"
#include "conformance/selftest/proof.h"
#include "conformance/selftest/scratch.h"

namespace conformance {

// What is to be found out about which faults.
struct FaultPlan {
  std::vector<FaultRow> rows;
  // Faults of rows that keep some of their checks only.
  std::deque<fakes::KnownFault> limited;
  std::size_t left_out = 0;          // rows that this build has no programs for
  std::string shim;                  // the healthy subject, absolute
  std::string engine;                // as for `run`; empty: its default
  std::vector<std::string> options;  // further options of `run`
  // Ids, beside those of the rows, that every fault meets where it may show (Rehearsal).
  std::vector<std::string> checks;
  int jobs = 1;       // judges at a time,
  int jobs_each = 1;  // and checks at a time of each
  int repeat = 1;
  double deadline_scale = 1.0;
  std::string keep;           // directory of results that are used again; empty: none
  bool keep_earlier = false;  // those of other programs than today's as well
  // After which no further fault is begun; 0: none is left for want of time.
  std::chrono::milliseconds budget{0};
};

// Told while it goes on. `record` is finished; `again`: it was taken from FaultPlan::keep.
struct FaultListener {
  std::function<void(const std::string& phase)> phase;
  std::function<void(const FaultRow& row)> started;
  std::function<void(const FaultRecord& record, bool again)> ended;
};

// Rehearses, for checks that every fault meets; runs the judge on the healthy subject with every
// check that is needed, then on each fault; and fills `proof`: healthy_red, faults in the order of
// the plan, and how many were not begun. CANCELLED when interrupted, with what was finished until
// then; FAILED_PRECONDITION when a program is not built; INTERNAL when the judge could not judge
// the healthy subject.
absl::Status RunFaults(const FaultPlan& plan, const FaultListener& listener, Proof& proof);

// What the run of one fault showed, `result` being its judge's.
FaultRecord RecordOf(const FaultRow& row, const ResultFile& result, const std::string& report,
                     std::size_t firings, const std::set<std::string>& healthy_red);

// The record before anything has run: name, text and, for equivalent ones, the reason.
FaultRecord BlankRecord(const FaultRow& row);

// A hash of all that the outcome of a fault depends on: row, programs, checks, repeats.
std::string KeyOf(const FaultRow& row, const FaultPlan& plan,
                  const std::vector<std::string>& program_hashes);

}  // namespace conformance
