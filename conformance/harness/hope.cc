// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/hope.h"

#include <utility>

namespace conformance {
namespace {

constexpr std::size_t kHopelessChecks = 8;
constexpr std::size_t kLongRun = 100;

}  // namespace

Hope::Hope(std::size_t planned, std::set<std::string> failed_before)
    : long_run_(planned >= kLongRun), failed_before_(std::move(failed_before)) {}

bool Hope::LostWith(const PlannedCheck& planned, int number, Verdict verdict) {
  // A leak is a pass in a world that is not clean.
  passed_ = passed_ || verdict == Verdict::kPass || verdict == Verdict::kLeak;
  if (passed_ || !long_run_ || !SpeaksAgainst(planned, number, verdict)) return false;
  return ++red_ == kHopelessChecks;
}

bool Hope::SpeaksAgainst(const PlannedCheck& planned, int number, Verdict verdict) const {
  const bool red =
      verdict == Verdict::kFail || verdict == Verdict::kCrash || verdict == Verdict::kHang;
  return red && number == 1 && planned.expectation == nullptr &&
         failed_before_.count(planned.check->id) == 0;
}

}  // namespace conformance
