// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <string>
#include <vector>

#include "fakes/fault/fault.h"

namespace fakes {

// Which fault fires at which call. Members a fault has no use for keep their defaults.
struct FaultRule {
  std::string verb;  // "create"; empty: every call the fault fits
  Fault fault = Fault::kFail;
  std::string container;         // id; empty: any
  std::uint32_t occurrence = 1;  // which of the calls with this verb and container, counted from 1
                                 // since the rule was written; 0: each of them
  FaultPoint point = FaultPoint::kBefore;
  std::string until;                  // an absolute path of a FIFO (FaultGate)
  std::uint32_t ms = 0;               // without `until`
  int code = 1;                       // 0..255
  std::string message = "injected";   // one line
  int signal = 9;                     // 1..64
  std::uint32_t bytes = 1024 * 1024;  // at most kFloodBytesMax
  std::string id;                     // what the journal calls it; empty: "rule-<number>"
  friend bool operator==(const FaultRule&, const FaultRule&) = default;
};

// The text of a faults.json, schema 1:
//
//   {"schema": 1, "rules": [{"fault": "slow", "verb": "start", "until": "/run/x/gate"}]}
//
// Members are FaultRule's; `fault` is required. INVALID_ARGUMENT names the file, the place in it
// and what was expected: unknown members, verbs, faults and points, parameters that the fault does
// not have, a point that the verb does not have, ids that occur twice.
absl::StatusOr<std::vector<FaultRule>> ParseFaultRules(absl::string_view json, FaultSeam seam,
                                                       const std::string& file_name);

// What ParseFaultRules reads back equal, but for ids it gave. INVALID_ARGUMENT for rules that it
// would refuse.
absl::StatusOr<std::string> FormatFaultRules(const std::vector<FaultRule>& rules, FaultSeam seam);

}  // namespace fakes
