// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

#include "fakes/fault/fault_rule.h"

namespace fakes {

// The side of a stand-in: one call, and the rules that hold for it. Nothing is kept in the
// process: calls of many processes count together, through files beside the rules.
class FaultCall {
 public:
  // A call for which nothing is planned.
  FaultCall() = default;

  // Reads the rules in the first of `directories` that has a faults.json (none: nothing is
  // planned) and counts this call. Errors name the file.
  static absl::StatusOr<FaultCall> Begin(const std::vector<std::string>& directories,
                                         FaultSeam seam, absl::string_view verb,
                                         absl::string_view container);

  // The rule that makes `fault` happen now, nullptr if none does. Writes it to the journal; each
  // rule fires once per call. Faults without kPoint are asked for where they act, any point.
  const FaultRule* Fires(Fault fault, FaultPoint point);

  // Whether any rule holds for this call.
  [[nodiscard]] bool planned() const { return !armed_.empty(); }

 private:
  struct Armed {
    FaultRule rule;
    std::uint32_t occurrence = 0;
    bool fired = false;
  };
  absl::Status Count(std::vector<FaultRule> rules);
  void WriteJournal(const Armed& armed, FaultPoint point) const;

  std::string directory_;
  FaultSeam seam_ = FaultSeam::kEngine;
  std::string verb_;
  std::string container_;
  std::vector<Armed> armed_;
};

}  // namespace fakes
