// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/attempt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Check kMust{.id = "toy/must"};
const Check kMay{.id = "toy/may", .level = Level::kMay};

WorkerEnd Reported(Verdict verdict, int observations = 1) {
  WorkerEnd end;
  WorkerMessage message;
  message.kind = WorkerMessage::Kind::kOutcome;
  message.outcome.verdict = verdict;
  message.outcome.observations = observations;
  message.cpu_us = 42;
  if (verdict != Verdict::kPass) {
    message.outcome.whys = {{.code = why::kReplyCode, .text = "wrong code"}};
  }
  end.report = message;
  return end;
}

TEST(AttemptTest, TheWorkersVerdictCounts) {
  const Attempt pass = JudgeAttempt(kMust, Reported(Verdict::kPass), 7);
  EXPECT_EQ(pass.verdict, Verdict::kPass);
  EXPECT_EQ(pass.seed, 7u);
  EXPECT_EQ(pass.worked, std::chrono::microseconds(42));
  const Attempt fail = JudgeAttempt(kMust, Reported(Verdict::kFail), 7);
  EXPECT_EQ(fail.verdict, Verdict::kFail);
  EXPECT_EQ(fail.whys.front().code, why::kReplyCode);
}

TEST(AttemptTest, TheEvidenceIsTheWorkers) {
  WorkerEnd end = Reported(Verdict::kHang);
  end.took = std::chrono::seconds(3);
  end.remained = {"/sys/fs/cgroup/x: busy"};
  CheckOutcome& outcome = end.report->outcome;
  outcome.notes = {"legal but unwise"};
  outcome.history = {{.offset_us = 1, .text = "began"}};
  outcome.after = "the shim was alive";
  outcome.shim_log = "level=info";
  outcome.hang = {"c1: in read"};
  outcome.story = "as ever";
  outcome.findings = {{.code = why::kInvariant}};
  outcome.rpc_count = 4;
  outcome.boot_us = 5;
  outcome.check_us = 6;
  const Attempt attempt = JudgeAttempt(kMust, end, 0);
  EXPECT_EQ(attempt.took, std::chrono::seconds(3));
  EXPECT_THAT(attempt.notes, ElementsAre("legal but unwise",
                                         "cgroup could not be removed: /sys/fs/cgroup/x: busy"));
  EXPECT_EQ(attempt.history, outcome.history);
  EXPECT_EQ(attempt.after, "the shim was alive");
  EXPECT_EQ(attempt.shim_log, "level=info");
  EXPECT_THAT(attempt.hang, ElementsAre("c1: in read"));
  EXPECT_EQ(attempt.story, "as ever");
  EXPECT_THAT(attempt.findings, ElementsAre(Field(&Why::code, why::kInvariant)));
  EXPECT_EQ(attempt.rpc_count, 4);
  EXPECT_EQ(attempt.boot_us, 5);
  EXPECT_EQ(attempt.check_us, 6);
}

TEST(AttemptTest, GreenNeedsAnObservation) {
  const Attempt attempt = JudgeAttempt(kMust, Reported(Verdict::kPass, 0), 0);
  EXPECT_EQ(attempt.verdict, Verdict::kError);
  EXPECT_EQ(attempt.whys.front().code, why::kHarness);
}

TEST(AttemptTest, APassWithLeftoversIsALeak) {
  WorkerEnd end = Reported(Verdict::kPass);
  end.report->left = {{.code = why::kLeftMount, .text = "tmpfs on /x"},
                      {.code = why::kLeftFile, .text = "/tmp/y"}};
  const Attempt attempt = JudgeAttempt(kMust, std::move(end), 0);
  EXPECT_EQ(attempt.verdict, Verdict::kLeak);
  EXPECT_EQ(attempt.whys.front().code, why::kLeftMount);
  EXPECT_EQ(attempt.whys.front().observed, "tmpfs on /x");
  EXPECT_EQ(attempt.left.size(), 2u);
}

TEST(AttemptTest, LeftoversOfAFailureAreEvidenceOnly) {
  WorkerEnd end = Reported(Verdict::kFail);
  end.report->left = {{.code = why::kLeftMount, .text = "tmpfs on /x"}};
  const Attempt attempt = JudgeAttempt(kMust, std::move(end), 0);
  EXPECT_EQ(attempt.verdict, Verdict::kFail);
  EXPECT_EQ(attempt.whys.front().code, why::kReplyCode);
  EXPECT_EQ(attempt.left.size(), 1u);
}

TEST(AttemptTest, MayChecksAreNeverRed) {
  for (const Verdict verdict : {Verdict::kFail, Verdict::kCrash, Verdict::kHang, Verdict::kLeak}) {
    const Attempt attempt = JudgeAttempt(kMay, Reported(verdict), 0);
    EXPECT_EQ(attempt.verdict, Verdict::kSkip);
    EXPECT_EQ(attempt.whys.front().code, why::kNotClaimed);
    EXPECT_THAT(attempt.notes, ElementsAre("optional behaviour not shown: wrong code"));
  }
  EXPECT_EQ(JudgeAttempt(kMay, Reported(Verdict::kError), 0).verdict, Verdict::kError);
  EXPECT_EQ(JudgeAttempt(kMay, Reported(Verdict::kPass), 0).verdict, Verdict::kPass);

  WorkerEnd silent = Reported(Verdict::kFail);
  silent.report->outcome.whys.clear();
  const Attempt attempt = JudgeAttempt(kMay, std::move(silent), 0);
  EXPECT_EQ(attempt.verdict, Verdict::kSkip);
  EXPECT_THAT(attempt.notes, ElementsAre("optional behaviour not shown: "));
}

TEST(AttemptTest, ASilentWorkerIsAnErrorWithItsLastWords) {
  WorkerEnd end;
  end.exit.signal = 6;
  end.error_text = "Assertion failed\n";
  const Attempt attempt = JudgeAttempt(kMust, std::move(end), 0);
  EXPECT_EQ(attempt.verdict, Verdict::kError);
  EXPECT_THAT(attempt.whys.front().text, HasSubstr("killed by signal 6"));
  EXPECT_EQ(attempt.whys.front().observed, "Assertion failed");

  WorkerEnd other;
  other.exit.signal = 1;
  EXPECT_EQ(JudgeAttempt(kMust, other, 0).whys.front().text,
            "the worker failed: killed by signal 1");
  other.exit = {.code = 77};
  other.waiting_for = "Wait c1: reply";
  const Attempt gone = JudgeAttempt(kMust, other, 0);
  EXPECT_EQ(gone.verdict, Verdict::kError) << "died by itself, whatever the shim owed";
  EXPECT_EQ(gone.whys.front().text, "the worker failed: exited with 77 without a report");
}

// Has no report, only memory that once held one.
WorkerEnd WithReportTakenBack() {
  WorkerEnd end;
  end.report = WorkerMessage{.kind = WorkerMessage::Kind::kFailed, .text = "mount"};
  end.report.reset();
  return end;
}

TEST(AttemptTest, WithoutTheReportOfAnOutcomeOnlyTheEndCounts) {
  EXPECT_EQ(JudgeAttempt(kMust, WithReportTakenBack(), 0).whys.front().text,
            "the worker failed: exited with 0 without a report");
  WorkerEnd probe;
  probe.report = WorkerMessage{.kind = WorkerMessage::Kind::kProbe};
  const Attempt attempt = JudgeAttempt(kMust, std::move(probe), 0);
  EXPECT_EQ(attempt.verdict, Verdict::kError);
  EXPECT_EQ(attempt.whys.front().text, "the worker failed: exited with 0 without a report");
}

TEST(AttemptTest, OverBudgetIsAHangIfTheShimOwedSomething) {
  WorkerEnd end;
  end.over_budget = true;
  end.exit.signal = 9;
  end.waiting_for = "Wait c1: reply";
  end.activity = {{.offset_us = 5, .text = "Create c1: reply"},
                  {.offset_us = 9, .text = "Wait c1: reply"}};
  const Attempt hang = JudgeAttempt(kMust, end, 0);
  EXPECT_EQ(hang.verdict, Verdict::kHang);
  EXPECT_EQ(hang.whys.front().code, why::kReplyMissing);
  EXPECT_EQ(hang.whys.front().expected, "Wait c1: reply");
  ASSERT_EQ(hang.history.size(), 2u);
  EXPECT_TRUE(hang.history.back().contradiction);

  EXPECT_EQ(JudgeAttempt(kMay, end, 0).verdict, Verdict::kSkip);

  end.activity.clear();
  const Attempt unseen = JudgeAttempt(kMust, end, 0);
  EXPECT_EQ(unseen.verdict, Verdict::kHang);
  EXPECT_THAT(unseen.history, IsEmpty());

  end.waiting_for.clear();
  end.took = std::chrono::milliseconds(5000);
  const Attempt slow = JudgeAttempt(kMust, end, 0);
  EXPECT_EQ(slow.verdict, Verdict::kError);
  EXPECT_EQ(slow.whys.front().text, "the worker failed: took longer than its budget, 5.0 s");
}

TEST(AttemptTest, AConfusedWorkerIsAnErrorWhateverItReported) {
  WorkerEnd end = Reported(Verdict::kPass);
  end.protocol_error = "worker protocol: no JSON: hello";
  const Attempt attempt = JudgeAttempt(kMust, std::move(end), 0);
  EXPECT_EQ(attempt.verdict, Verdict::kError);
  EXPECT_THAT(attempt.whys.front().text, HasSubstr("no JSON"));

  WorkerEnd failed;
  failed.report = WorkerMessage{.kind = WorkerMessage::Kind::kFailed, .text = "mount"};
  failed.protocol_error = "worker protocol: no JSON: hello";
  EXPECT_EQ(JudgeAttempt(kMust, std::move(failed), 0).whys.front().text,
            "the worker failed: worker protocol: no JSON: hello");
}

TEST(AttemptTest, AWorkerThatCouldNotBeginIsAnError) {
  WorkerEnd end;
  end.report = WorkerMessage{.kind = WorkerMessage::Kind::kFailed, .text = "mount proc: denied"};
  const Attempt attempt = JudgeAttempt(kMust, std::move(end), 0);
  EXPECT_EQ(attempt.verdict, Verdict::kError);
  EXPECT_THAT(attempt.whys.front().text, HasSubstr("mount proc: denied"));
}

TEST(AttemptTest, AKilledWorkerHasNotRun) {
  WorkerEnd end;
  end.killed = true;
  end.exit.signal = 9;
  const Attempt attempt = JudgeAttempt(kMust, std::move(end), 0);
  EXPECT_EQ(attempt.verdict, Verdict::kNotRun);
  EXPECT_THAT(attempt.whys, ElementsAre(Field(&Why::code, why::kInterrupted)));
}

TEST(AttemptTest, AShimThatCannotBeStartedFailsWithTheProbesEvidence) {
  SubjectInfo subject;
  subject.legacy.problem = "exit 1, printed nothing";
  subject.params.problem = "no end within 3 s";
  subject.log_tail = "panic: no";
  const Attempt attempt = StartFailedAttempt(kMust, subject, 3);
  EXPECT_EQ(attempt.seed, 3u);
  EXPECT_EQ(attempt.verdict, Verdict::kFail);
  EXPECT_EQ(attempt.whys.front().code, why::kStartFailed);
  EXPECT_THAT(attempt.whys.front().observed, HasSubstr("exit 1, printed nothing"));
  EXPECT_THAT(attempt.whys.front().observed, HasSubstr("no end within 3 s"));
  EXPECT_EQ(attempt.shim_log, "panic: no");
  EXPECT_EQ(StartFailedAttempt(kMay, subject, 3).verdict, Verdict::kSkip);
}

}  // namespace
}  // namespace conformance
