// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/accounting.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

namespace conformance {
namespace {

Result PlainResult(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return Result::kPass;
    case Verdict::kFail:
      return Result::kFail;
    case Verdict::kCrash:
      return Result::kCrash;
    case Verdict::kHang:
      return Result::kHang;
    case Verdict::kLeak:
      return Result::kLeak;
    case Verdict::kError:
      return Result::kError;
    case Verdict::kSkip:
      return Result::kSkip;
    case Verdict::kNotRun:
      return Result::kNotRun;
  }
  return Result::kError;
}

bool IsRed(Result result) {
  return result == Result::kFail || result == Result::kCrash || result == Result::kHang ||
         result == Result::kLeak || result == Result::kFlaky;
}

bool IsRed(const Attempt& attempt) { return IsRed(PlainResult(attempt.verdict)); }

std::string CodeOf(const Attempt& attempt) {
  return attempt.whys.empty() ? "" : attempt.whys.front().code;
}

// Sets result and decisive attempt from the attempts alone.
void FoldVerdicts(CheckResult& folded) {
  const std::vector<Attempt>& attempts = folded.attempts;
  const auto error = std::find_if(attempts.begin(), attempts.end(), [](const Attempt& attempt) {
    return attempt.verdict == Verdict::kError;
  });
  if (error != attempts.end()) {
    folded.result = Result::kError;
    folded.decisive = static_cast<std::size_t>(error - attempts.begin());
    return;
  }
  std::vector<std::size_t> ran;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (attempts[i].verdict != Verdict::kNotRun) ran.push_back(i);
  }
  const auto red =
      std::find_if(ran.begin(), ran.end(), [&](std::size_t i) { return IsRed(attempts[i]); });
  if (red != ran.end()) folded.decisive = *red;
  const bool agree = std::all_of(ran.begin(), ran.end(), [&](std::size_t i) {
    return attempts[i].verdict == attempts[ran.front()].verdict;
  });
  // What is optional is never red: shown once, it is shown.
  const bool optional = folded.planned.check->level == Level::kMay && red == ran.end();
  if (!agree && !optional) {
    folded.result = Result::kFlaky;
  } else if (ran.empty() || (ran.size() < attempts.size() && red == ran.end())) {
    folded.result = Result::kNotRun;
  } else if (!agree) {
    folded.result = Result::kPass;
    folded.decisive = *std::find_if(ran.begin(), ran.end(), [&](std::size_t i) {
      return attempts[i].verdict == Verdict::kPass;
    });
  } else {
    folded.result = PlainResult(attempts[ran.front()].verdict);
  }
}

bool IsExpectedVerdict(Expectation::Result expected, Verdict verdict) {
  switch (expected) {
    case Expectation::Result::kFail:
      return verdict == Verdict::kFail;
    case Expectation::Result::kHang:
      return verdict == Verdict::kHang;
    case Expectation::Result::kCrash:
      return verdict == Verdict::kCrash;
    case Expectation::Result::kLeak:
      return verdict == Verdict::kLeak;
    case Expectation::Result::kFlaky:
      return true;
    case Expectation::Result::kSkip:
      break;
  }
  return false;
}

using Entries = std::vector<const Expectation*>;

// The entry that a red attempt meets, or nullptr.
const Expectation* Met(const Attempt& attempt, const Entries& entries) {
  const auto met = std::find_if(entries.begin(), entries.end(), [&](const Expectation* entry) {
    return entry->why == CodeOf(attempt) && IsExpectedVerdict(entry->result, attempt.verdict);
  });
  return met == entries.end() ? nullptr : *met;
}

std::string WhatIsExpected(const Expectation& entry) {
  return absl::StrCat("expected ", ResultName(entry.result), " (", entry.why, ")");
}

std::string DifferenceOf(const Attempt& attempt, const Entries& entries) {
  const Expectation& first = *entries.front();
  if (!IsExpectedVerdict(first.result, attempt.verdict)) {
    return absl::StrCat(WhatIsExpected(first), ", got ", VerdictName(attempt.verdict), " (",
                        CodeOf(attempt), ")");
  }
  const std::string codes = absl::StrJoin(
      entries, " or ",
      [](std::string* out, const Expectation* entry) { absl::StrAppend(out, entry->why); });
  return absl::StrCat("expected ", codes, ", got ", CodeOf(attempt));
}

// "" when the attempts are those that were expected, else how they differ.
std::string Difference(const CheckResult& folded, const Entries& entries) {
  std::map<const Expectation*, std::size_t> met;
  for (const Attempt& attempt : folded.attempts) {
    if (!IsRed(attempt)) continue;
    const Expectation* entry = Met(attempt, entries);
    if (entry == nullptr) return DifferenceOf(attempt, entries);
    ++met[entry];
  }
  const Expectation& first = *entries.front();
  const bool always = first.result != Expectation::Result::kFlaky;
  const bool passed =
      std::any_of(folded.attempts.begin(), folded.attempts.end(),
                  [](const Attempt& attempt) { return attempt.verdict == Verdict::kPass; });
  if (always && passed) return absl::StrCat(WhatIsExpected(first), ", got flaky");
  for (const auto& [entry, red] : met) {
    if (entry->result != Expectation::Result::kFlaky) continue;
    // A rate says little about few attempts: one failure is always within the bound.
    const double allowed =
        std::max(1.0, std::ceil(entry->max_rate * static_cast<double>(folded.attempts.size())));
    if (static_cast<double>(red) > allowed) {
      return absl::StrCat(entry->why, " in ", red, " of ", folded.attempts.size(),
                          " attempts, expected at most ", entry->max_rate * 100, " %");
    }
  }
  return "";
}

void CompareWithExpectation(CheckResult& folded) {
  const Expectation* expected = folded.planned.expectation;
  if (expected == nullptr) {
    folded.unexpected = IsRed(folded.result);
    return;
  }
  if (folded.result == Result::kPass) {
    if (expected->result == Expectation::Result::kFlaky) return;
    folded.result = Result::kXpass;
    folded.unexpected = true;
    folded.unexpected_text = absl::StrCat(WhatIsExpected(*expected), ", see ", expected->place());
    return;
  }
  if (!IsRed(folded.result)) return;
  Entries entries = {expected};
  entries.insert(entries.end(), folded.planned.chances.begin(), folded.planned.chances.end());
  const std::string difference = Difference(folded, entries);
  if (difference.empty()) {
    folded.result = Result::kXfail;
    // Attempts can disagree without a red one, which alone meets an entry.
    const Expectation* const met = Met(folded.attempts[folded.decisive], entries);
    if (met != nullptr) folded.planned.expectation = met;
  } else {
    folded.unexpected = true;
    folded.unexpected_text = absl::StrCat(difference, ", see ", expected->place());
  }
}

// Checks were left out although nobody asked for that.
bool Incomplete(const Summary& summary) {
  return !summary.interrupted && !summary.stopped_early && summary.counts.of(Result::kNotRun) > 0;
}

std::string Number(std::size_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

}  // namespace

absl::string_view ResultName(Result result) {
  switch (result) {
    case Result::kPass:
      return "pass";
    case Result::kFail:
      return "fail";
    case Result::kCrash:
      return "crash";
    case Result::kHang:
      return "hang";
    case Result::kLeak:
      return "leak";
    case Result::kError:
      return "error";
    case Result::kSkip:
      return "skip";
    case Result::kXfail:
      return "xfail";
    case Result::kXpass:
      return "xpass";
    case Result::kFlaky:
      return "flaky";
    case Result::kNotRun:
      return "notrun";
  }
  return "error";
}

absl::string_view SkipKindName(SkipKind kind) {
  switch (kind) {
    case SkipKind::kNotClaimed:
      return "not-claimed";
    case SkipKind::kHost:
      return "host";
    case SkipKind::kDisabled:
      return "disabled";
    case SkipKind::kLevel:
      return "level";
  }
  return "host";
}

SkipKind CheckResult::skip_kind() const {
  if (planned.skip) return *planned.skip;
  const Attempt* attempt = evidence();
  const bool host = attempt != nullptr && CodeOf(*attempt) == why::kHost;
  return host ? SkipKind::kHost : SkipKind::kNotClaimed;
}

std::string CheckResult::skip_reason() const {
  if (planned.skip) return planned.skip_reason;
  const Attempt* attempt = evidence();
  return attempt != nullptr && !attempt->whys.empty() ? attempt->whys.front().text : "";
}

CheckResult Fold(std::size_t index, const PlannedCheck& planned, std::vector<Attempt> attempts) {
  CheckResult folded;
  folded.index = index;
  folded.planned = planned;
  folded.attempts = std::move(attempts);
  if (planned.skip) {
    folded.result = Result::kSkip;
    return folded;
  }
  FoldVerdicts(folded);
  CompareWithExpectation(folded);
  return folded;
}

void Counts::Add(const CheckResult& result) {
  ++by_result_[result.result];
  if (result.unexpected) ++unexpected_;
  if (result.result == Result::kSkip || result.result == Result::kNotRun ||
      result.result == Result::kError) {
    return;
  }
  LevelCounts& level = by_level_[result.planned.check->level];
  ++level.judged;
  if (result.result == Result::kPass || result.result == Result::kXpass) ++level.passed;
  if (result.result == Result::kXfail) ++level.expected;
}

std::size_t Counts::of(Result result) const {
  const auto found = by_result_.find(result);
  return found == by_result_.end() ? 0 : found->second;
}

std::size_t Counts::total() const {
  return std::accumulate(by_result_.begin(), by_result_.end(), std::size_t{0},
                         [](std::size_t sum, const auto& entry) { return sum + entry.second; });
}

Counts::LevelCounts Counts::at(Level level) const {
  const auto found = by_level_.find(level);
  return found == by_level_.end() ? LevelCounts() : found->second;
}

absl::Status VerifyAccounting(const Summary& summary) {
  if (summary.counts.total() != summary.planned) {
    return absl::InternalError(absl::StrCat("accounting: ", summary.planned, " checks planned, ",
                                            summary.counts.total(), " accounted for"));
  }
  if (summary.attempts_done != summary.attempts_planned) {
    return absl::InternalError(absl::StrCat("accounting: ", summary.attempts_planned,
                                            " executions planned, ", summary.attempts_done,
                                            " accounted for"));
  }
  return absl::OkStatus();
}

std::vector<std::string> Reasons(const Summary& summary) {
  std::vector<std::string> reasons;
  const Counts& counts = summary.counts;
  if (summary.interrupted) reasons.push_back("interrupted");
  if (const absl::Status status = VerifyAccounting(summary); !status.ok()) {
    reasons.emplace_back(status.message());
  }
  for (const std::string& problem : summary.harness_problems) reasons.push_back(problem);
  if (counts.of(Result::kError) > 0) {
    reasons.push_back(absl::StrCat(Number(counts.of(Result::kError), "check"),
                                   " could not be judged (harness or host trouble)"));
  }
  if (Incomplete(summary)) {
    reasons.push_back(absl::StrCat(Number(counts.of(Result::kNotRun), "check"), " not run"));
  }
  if (!summary.interrupted && counts.of(Result::kSkip) == summary.planned) {
    reasons.push_back("nothing was run");
  }
  if (counts.unexpected() > 0) {
    reasons.push_back(absl::StrCat(Number(counts.unexpected(), "unexpected verdict")));
  }
  if (summary.refused_skips > 0) {
    reasons.push_back(absl::StrCat(Number(summary.refused_skips, "check"),
                                   " skipped for want of something on this host (--strict)"));
  }
  if (!summary.stale_expectations.empty()) {
    reasons.push_back(Number(summary.stale_expectations.size(), "stale expectation"));
  }
  for (const std::string& claim : summary.broken_claims) reasons.push_back(claim);
  return reasons;
}

int ExitCodeOf(const Summary& summary) {
  const Counts& counts = summary.counts;
  if (summary.interrupted) return kExitInterrupted;
  if (!VerifyAccounting(summary).ok() || !summary.harness_problems.empty() ||
      counts.of(Result::kError) > 0 || Incomplete(summary)) {
    return kExitHarness;
  }
  if (counts.of(Result::kSkip) == summary.planned) return kExitNothing;
  if (counts.unexpected() > 0 || summary.refused_skips > 0 || !summary.stale_expectations.empty() ||
      !summary.broken_claims.empty()) {
    return kExitUnexpected;
  }
  return kExitAsExpected;
}

}  // namespace conformance
