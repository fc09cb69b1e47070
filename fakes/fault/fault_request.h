// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "fakes/fault/known_fault.h"

namespace fakes {

// Which defect a program with known faults was asked to have.
struct FaultRequest {
  const KnownFault* fault = nullptr;  // never nullptr once taken
  std::vector<std::string> rules;     // of the fault, or of --rule
  std::uint32_t after = 0;            // each rule spares so many occurrences in each process
  std::string journal;                // a line per firing is appended; empty: nowhere
  std::string subject;                // the healthy program behind, absolute; may be empty
  // Of a rehearsal: whose each rule is. Empty otherwise.
  std::vector<absl::string_view> rehearsed;
};

// The judge puts the id of the check into this variable, if it has been given it with any value.
inline constexpr char kCheckVariable[] = "SHIMGAUGE_CHECK";

// Takes the leading --fault=NAME[,after=N], --rule=RULE (repeatable, for defects that have no row
// yet), --journal=FILE and --subject=PROGRAM off `args`, which is argv without argv[0], and puts
// them into the environment (SHIMGAUGE_FAULT_...), from which the processes that the program starts
// of itself take them again. INVALID_ARGUMENT names the option; no fault and no rule at all is one.
// In place of a fault, --rehearse takes all those of the seam and lets none of them show: the
// journal tells of each in which check it would have.
absl::StatusOr<FaultRequest> TakeFaultRequest(KnownFaultSeam seam, std::vector<std::string>& args);

// Counts the occurrences of what one rule watches for, and notes each firing in the journal; in a
// rehearsal the first, as "CHECK FAULT" (CHECK: "-" if unknown).
class FaultTrigger {
 public:
  // `rule` is its place in the request.
  FaultTrigger(const FaultRequest& request, std::size_t rule);
  // Whether the defect shows at this occurrence.
  bool Fires();

 private:
  void Note();

  std::uint32_t spared_;
  bool rehearsal_;
  bool noted_ = false;
  std::string journal_;
  std::string line_;
};

}  // namespace fakes
