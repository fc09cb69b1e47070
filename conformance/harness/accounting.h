// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conformance/harness/attempt.h"
#include "conformance/harness/check.h"
#include "conformance/harness/expectations.h"

namespace conformance {

// What a planned check amounts to in the end: the verdict of its attempts, compared with what was
// expected. Each planned check has exactly one (law 2).
enum class Result {
  kPass,
  kFail,
  kCrash,
  kHang,
  kLeak,
  kError,
  kSkip,
  kXfail,  // red as expected, for the expected reason
  kXpass,  // expected to be red, passes
  kFlaky,  // attempts disagree
  kNotRun,
};
inline constexpr std::array<Result, 11> kResults = {
    Result::kPass, Result::kFail,  Result::kCrash, Result::kHang,  Result::kLeak,  Result::kError,
    Result::kSkip, Result::kXfail, Result::kXpass, Result::kFlaky, Result::kNotRun};
absl::string_view ResultName(Result result);

// Why a check is not run.
enum class SkipKind { kNotClaimed, kHost, kDisabled, kLevel };
absl::string_view SkipKindName(SkipKind kind);  // "not-claimed", "host", "disabled", "level"

// One row of the plan. `check` is borrowed.
struct PlannedCheck {
  const Check* check = nullptr;
  std::optional<SkipKind> skip;  // set: will not be run, for `skip_reason`
  std::string skip_reason;
  // Borrowed; nullptr: expected to pass. In a folded result the one that its evidence meets, if it
  // meets one; never nullptr in a kXfail.
  const Expectation* expectation = nullptr;
  std::vector<const Expectation*> chances;  // flaky ones with other reasons; borrowed
};

// A planned check with everything that became of it.
struct CheckResult {
  std::size_t index = 0;  // in the plan
  PlannedCheck planned;
  Result result = Result::kNotRun;
  bool unexpected = false;      // makes the run red (exit code 1)
  std::string unexpected_text;  // how it differs from the expectation, if there is one
  std::vector<Attempt> attempts;
  std::size_t decisive = 0;  // index of the attempt that shows why; 0 when there are none
  [[nodiscard]] const Attempt* evidence() const {
    return attempts.empty() ? nullptr : &attempts[decisive];
  }
  [[nodiscard]] SkipKind skip_kind() const;  // of a kSkip
  [[nodiscard]] std::string skip_reason() const;
};

// Folds the attempts of one planned check. Attempts that disagree are kFlaky, unless one is kError
// (harness trouble is nobody's merit) or the check is kMay, which passes if it passed once; an
// interrupted check is kNotRun unless a red attempt shows.
CheckResult Fold(std::size_t index, const PlannedCheck& planned, std::vector<Attempt> attempts);

// How many checks ended how.
class Counts {
 public:
  void Add(const CheckResult& result);
  [[nodiscard]] std::size_t of(Result result) const;
  [[nodiscard]] std::size_t total() const;  // sum over all results
  [[nodiscard]] std::size_t unexpected() const { return unexpected_; }
  // Checks of `level` that were judged (run and not skipped), passed, red as expected.
  struct LevelCounts {
    std::size_t judged = 0;
    std::size_t passed = 0;
    std::size_t expected = 0;
  };
  [[nodiscard]] LevelCounts at(Level level) const;

 private:
  std::map<Result, std::size_t> by_result_;
  std::map<Level, LevelCounts> by_level_;
  std::size_t unexpected_ = 0;
};

// Exit codes of `shimgauge run`.
enum ExitCode : int {
  kExitAsExpected = 0,
  kExitUnexpected = 1,
  kExitUsage = 2,
  kExitHostUnfit = 3,
  kExitHarness = 4,
  kExitNothing = 5,
  kExitInterrupted = 130,
};

// Everything that speaks against exit code 0; all of it is reported, the code is that of the first
// of: interrupted, harness, nothing, unexpected. (Usage and an unfit host end before there is a
// plan.)
struct Summary {
  std::size_t planned = 0;
  std::size_t attempts_planned = 0;  // executions the plan owes
  std::size_t attempts_done = 0;     // executions that have a verdict
  Counts counts;
  std::vector<std::string> stale_expectations;
  std::vector<std::string> broken_claims;     // of the profile, found by the probe
  std::vector<std::string> harness_problems;  // reports that could not be written, ...
  bool interrupted = false;
  bool stopped_early = false;     // --fail-fast, --until-fail
  std::size_t refused_skips = 0;  // --strict: skips for want of something on this host
};
// One sentence for each reason, the decisive one first; empty: as expected.
std::vector<std::string> Reasons(const Summary& summary);
int ExitCodeOf(const Summary& summary);
// Law 2: OK if every planned check has a result and every execution a verdict.
absl::Status VerifyAccounting(const Summary& summary);

}  // namespace conformance
