// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "fakes/fault/fault.h"
#include "fakes/fault/fault_rule.h"

namespace fakes {

// Names in a directory with faults.
inline constexpr absl::string_view kFaultRulesFile = "faults.json";
inline constexpr absl::string_view kFaultJournalFile = "faults.journal";  // one line per firing
inline constexpr absl::string_view kFaultCallsFile = "faults.calls";      // counts occurrences

// One line of the journal: a rule fired. It is written before the fault takes effect.
struct FaultFiring {
  std::string rule;  // its id
  std::string fault;
  std::string verb;
  std::string container;
  std::string point;             // "before"
  std::uint32_t occurrence = 0;  // which call of those the rule counts
  int pid = 0;                   // of the process it fired in
  friend bool operator==(const FaultFiring&, const FaultFiring&) = default;
};

// The side of whoever wants faults: writes the rules that a stand-in then obeys, reads what came of
// it. The stand-in reads the rules anew at each call, so rules may be added at any time; each is
// complete or not there.
class FaultFile {
 public:
  // `directory` must exist when the first rule is added: for the engine its `--root` or the parent
  // of that. Files that are there already count as another's and are replaced by the first Add().
  explicit FaultFile(std::string directory, FaultSeam seam = FaultSeam::kEngine)
      : directory_(std::move(directory)), seam_(seam) {}

  // Adds one rule; its occurrences count from now. Returns its id: `rule.id`, or one that was made
  // up. INVALID_ARGUMENT for a rule that makes no sense, which then is not added.
  absl::StatusOr<std::string> Add(FaultRule rule);

  // Takes all rules back, for calls to come. The journal stays.
  absl::Status Clear();

  // All firings so far, in order; `rule`: only those of that id. Empty without a journal.
  [[nodiscard]] absl::StatusOr<std::vector<FaultFiring>> Journal(
      const std::string& rule = "") const;

  // Waits until `rule` has fired `times` times; false when `timeout_ms` has passed before.
  [[nodiscard]] absl::StatusOr<bool> AwaitFiring(const std::string& rule, std::size_t times,
                                                 int timeout_ms) const;

  // Where the rules, or the journal, are or would be.
  [[nodiscard]] std::string rules_path() const;
  [[nodiscard]] std::string journal_path() const;

 private:
  absl::Status Write(const std::vector<FaultRule>& rules) const;

  std::string directory_;
  FaultSeam seam_;
  std::vector<FaultRule> rules_;
  std::uint32_t added_ = 0;
};

}  // namespace fakes
