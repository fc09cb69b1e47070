// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "conformance/harness/accounting.h"

namespace conformance {

// What the formats for people say in common about a run.

// The verdict on the shim. Expected or not, a MUST that is not met is no conformance; without all
// verdicts there is no conformance either.
enum class Standing { kConformant, kNotConformant, kUndecided };
Standing StandingOf(const Summary& summary);
absl::string_view StandingName(Standing standing);  // "CONFORMANT", "NOT CONFORMANT", "UNDECIDED"

// "MUST 118/118", "SHOULD 22/23 (1 expected)": one for each level that was judged.
std::vector<std::string> LevelScores(const Summary& summary);

// Needs a look: unexpected, or could not be judged.
bool NeedsLook(const CheckResult& result);

// The decisive code, "" for a pass; and that with its sentence: "event.order: the exit came ...".
std::string WhyCode(const CheckResult& result);
std::string WhyText(const CheckResult& result);

// All executions of a check together.
std::chrono::microseconds TimeOf(const CheckResult& result);
// Of that, processor time, and the rest: waiting for events, timers and processors.
std::chrono::microseconds WorkOf(const CheckResult& result);
std::chrono::microseconds WaitOf(const CheckResult& result);
// "118.2 s in checks: 20.1 s working, 98.1 s waiting"; "" if nothing was run.
std::string WorkAndWait(const std::vector<CheckResult>& results);
// The `count` checks that took longest, longest first; none that was not run.
std::vector<const CheckResult*> Slowest(const std::vector<CheckResult>& results, std::size_t count);

// "not-claimed: the profile does not claim info" -> the checks skipped for that.
std::map<std::string, std::vector<std::string>> SkipsByReason(
    const std::vector<CheckResult>& results);

// "12.3 s"
std::string SecondsText(std::chrono::microseconds time);

}  // namespace conformance
