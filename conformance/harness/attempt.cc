// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/attempt.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/strip.h>

#include <utility>

namespace conformance {
namespace {

bool IsShimsFault(Verdict verdict) {
  return verdict == Verdict::kFail || verdict == Verdict::kCrash || verdict == Verdict::kHang ||
         verdict == Verdict::kLeak;
}

std::string Seconds(std::chrono::microseconds time) {
  return absl::StrFormat("%.1f s", static_cast<double>(time.count()) / 1e6);
}

std::string HowItEnded(const WorkerEnd& end) {
  if (!end.protocol_error.empty()) return end.protocol_error;
  if (end.over_budget) return absl::StrCat("took longer than its budget, ", Seconds(end.took));
  if (end.exit.signal != 0) return absl::StrCat("killed by signal ", end.exit.signal);
  return absl::StrCat("exited with ", end.exit.code, " without a report");
}

// What the runner itself knows when the worker could not tell.
void JudgeSilentWorker(const WorkerEnd& end, Attempt& attempt) {
  for (const WorkerEnd::Activity& activity : end.activity) {
    attempt.history.push_back({.offset_us = activity.offset_us,
                               .lane = HistoryEntry::Lane::kRpc,
                               .text = absl::StrCat("waiting for ", activity.text)});
  }
  const std::string stderr_tail(absl::StripSuffix(end.error_text, "\n"));
  if (end.killed) {
    attempt.verdict = Verdict::kNotRun;
    attempt.whys = {{.code = why::kInterrupted, .text = "the run was interrupted"}};
  } else if (end.over_budget && !end.waiting_for.empty()) {
    attempt.verdict = Verdict::kHang;
    attempt.whys = {{.code = why::kReplyMissing,
                     .text = "the check did not end within its budget",
                     .expected = end.waiting_for,
                     .observed = absl::StrCat("nothing for ", Seconds(end.took),
                                              " since the start of the check")}};
    if (!attempt.history.empty()) attempt.history.back().contradiction = true;
  } else {
    attempt.verdict = Verdict::kError;
    attempt.whys = {{.code = why::kHarness,
                     .text = absl::StrCat("the worker failed: ", HowItEnded(end)),
                     .observed = stderr_tail}};
  }
}

void ApplyLaws(const Check& check, int observations, Attempt& attempt) {
  if (attempt.verdict == Verdict::kPass && observations == 0) {
    attempt.verdict = Verdict::kError;
    attempt.whys = {{.code = why::kHarness, .text = "the check passed without observing anything"}};
  }
  if (attempt.verdict == Verdict::kPass && !attempt.left.empty()) {
    attempt.verdict = Verdict::kLeak;
    attempt.whys = {{.code = attempt.left.front().code,
                     .text = "the check passed but left something behind",
                     .expected = "nothing of this check remains",
                     .observed = attempt.left.front().text}};
  }
  if (check.level == Level::kMay && IsShimsFault(attempt.verdict)) {
    std::string missed = absl::StrCat("optional behaviour not shown: ",
                                      attempt.whys.empty() ? "" : attempt.whys.front().text);
    attempt.notes.push_back(missed);
    attempt.verdict = Verdict::kSkip;
    attempt.whys.insert(attempt.whys.begin(),
                        Why{.code = why::kNotClaimed, .text = std::move(missed)});
  }
}

}  // namespace

Attempt JudgeAttempt(const Check& check, WorkerEnd end, std::uint64_t seed) {
  Attempt attempt;
  attempt.seed = seed;
  attempt.took = end.took;
  if (end.report && end.report->kind == WorkerMessage::Kind::kOutcome &&
      end.protocol_error.empty()) {
    CheckOutcome& outcome = end.report->outcome;
    attempt.verdict = outcome.verdict;
    attempt.whys = std::move(outcome.whys);
    attempt.notes = std::move(outcome.notes);
    attempt.history = std::move(outcome.history);
    attempt.after = std::move(outcome.after);
    attempt.left = std::move(end.report->left);
    attempt.shim_log = std::move(outcome.shim_log);
    attempt.hang = std::move(outcome.hang);
    attempt.story = std::move(outcome.story);
    attempt.findings = std::move(outcome.findings);
    attempt.worked = std::chrono::microseconds(end.report->cpu_us);
    attempt.rpc_count = outcome.rpc_count;
    attempt.boot_us = outcome.boot_us;
    attempt.check_us = outcome.check_us;
    ApplyLaws(check, outcome.observations, attempt);
  } else if (end.report && end.report->kind == WorkerMessage::Kind::kFailed &&
             end.protocol_error.empty()) {
    attempt.verdict = Verdict::kError;
    attempt.whys = {
        {.code = why::kHarness, .text = absl::StrCat("the worker failed: ", end.report->text)}};
  } else {
    JudgeSilentWorker(end, attempt);
    ApplyLaws(check, 0, attempt);
  }
  for (const std::string& cgroup : end.remained) {
    attempt.notes.push_back(absl::StrCat("cgroup could not be removed: ", cgroup));
  }
  return attempt;
}

Attempt StartFailedAttempt(const Check& check, const SubjectInfo& subject, std::uint64_t seed) {
  Attempt attempt;
  attempt.seed = seed;
  attempt.verdict = Verdict::kFail;
  attempt.whys = {{.code = why::kStartFailed,
                   .text = "the shim cannot be started (found by the probe, not run)",
                   .expected = "a usable address from `start` and an answer to Connect",
                   .observed = absl::StrCat("without stdin: ", subject.legacy.problem,
                                            "; with BootstrapParams: ", subject.params.problem)}};
  attempt.shim_log = subject.log_tail;
  ApplyLaws(check, 0, attempt);
  return attempt;
}

}  // namespace conformance
