// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/attempt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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
}

TEST(AttemptTest, ASilentWorkerIsAnErrorWithItsLastWords) {
  WorkerEnd end;
  end.exit.signal = 6;
  end.error_text = "Assertion failed\n";
  const Attempt attempt = JudgeAttempt(kMust, std::move(end), 0);
  EXPECT_EQ(attempt.verdict, Verdict::kError);
  EXPECT_THAT(attempt.whys.front().text, HasSubstr("killed by signal 6"));
  EXPECT_EQ(attempt.whys.front().observed, "Assertion failed");
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

  end.waiting_for.clear();
  EXPECT_EQ(JudgeAttempt(kMust, end, 0).verdict, Verdict::kError);
}

TEST(AttemptTest, AConfusedWorkerIsAnErrorWhateverItReported) {
  WorkerEnd end = Reported(Verdict::kPass);
  end.protocol_error = "worker protocol: no JSON: hello";
  const Attempt attempt = JudgeAttempt(kMust, std::move(end), 0);
  EXPECT_EQ(attempt.verdict, Verdict::kError);
  EXPECT_THAT(attempt.whys.front().text, HasSubstr("no JSON"));
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
  EXPECT_EQ(JudgeAttempt(kMust, std::move(end), 0).verdict, Verdict::kNotRun);
}

TEST(AttemptTest, AShimThatCannotBeStartedFailsWithTheProbesEvidence) {
  SubjectInfo subject;
  subject.legacy.problem = "exit 1, printed nothing";
  subject.params.problem = "no end within 3 s";
  subject.log_tail = "panic: no";
  const Attempt attempt = StartFailedAttempt(kMust, subject, 3);
  EXPECT_EQ(attempt.verdict, Verdict::kFail);
  EXPECT_EQ(attempt.whys.front().code, why::kStartFailed);
  EXPECT_THAT(attempt.whys.front().observed, HasSubstr("exit 1, printed nothing"));
  EXPECT_THAT(attempt.whys.front().observed, HasSubstr("no end within 3 s"));
  EXPECT_EQ(attempt.shim_log, "panic: no");
  EXPECT_EQ(StartFailedAttempt(kMay, subject, 3).verdict, Verdict::kSkip);
}

}  // namespace
}  // namespace conformance
