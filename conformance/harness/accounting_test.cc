// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/accounting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Check kMustCheck{.id = "toy/must", .requirements = {"EVT-20"}};
const Check kShouldCheck{.id = "toy/should", .level = Level::kShould};
const Check kMayCheck{.id = "toy/may", .level = Level::kMay};

Attempt Tried(Verdict verdict, const std::string& code = why::kEventOrder) {
  Attempt attempt;
  attempt.verdict = verdict;
  if (verdict != Verdict::kPass) attempt.whys = {{.code = code}};
  return attempt;
}

CheckResult FoldOf(std::vector<Attempt> attempts, const Expectation* expectation = nullptr) {
  return Fold(0, {.check = &kMustCheck, .expectation = expectation}, std::move(attempts));
}

Expectation Expected(Expectation::Result result, const std::string& code = why::kEventOrder) {
  Expectation expectation;
  expectation.check = kMustCheck.id;
  expectation.result = result;
  expectation.why = code;
  expectation.file = "e.toml";
  expectation.line = 2;
  return expectation;
}

TEST(FoldTest, AttemptsThatAgreeGiveTheirVerdict) {
  for (const auto& [verdict, result, unexpected] :
       std::vector<std::tuple<Verdict, Result, bool>>{{Verdict::kPass, Result::kPass, false},
                                                      {Verdict::kFail, Result::kFail, true},
                                                      {Verdict::kCrash, Result::kCrash, true},
                                                      {Verdict::kHang, Result::kHang, true},
                                                      {Verdict::kLeak, Result::kLeak, true},
                                                      {Verdict::kError, Result::kError, false},
                                                      {Verdict::kSkip, Result::kSkip, false},
                                                      {Verdict::kNotRun, Result::kNotRun, false}}) {
    const CheckResult folded = FoldOf({Tried(verdict), Tried(verdict)});
    EXPECT_EQ(folded.result, result);
    EXPECT_EQ(folded.unexpected, unexpected) << ResultName(result);
  }
}

TEST(FoldTest, AttemptsThatDisagreeAreFlakyAndRed) {
  const CheckResult folded =
      FoldOf({Tried(Verdict::kPass), Tried(Verdict::kFail), Tried(Verdict::kPass)});
  EXPECT_EQ(folded.result, Result::kFlaky);
  EXPECT_TRUE(folded.unexpected);
  EXPECT_EQ(folded.decisive, 1u);
  EXPECT_EQ(FoldOf({Tried(Verdict::kFail), Tried(Verdict::kHang)}).result, Result::kFlaky);
  EXPECT_EQ(FoldOf({Tried(Verdict::kPass), Tried(Verdict::kSkip)}).result, Result::kFlaky);
}

TEST(FoldTest, WhatIsOptionalPassesIfItPassedOnce) {
  const auto fold = [](std::vector<Attempt> attempts) {
    return Fold(0, {.check = &kMayCheck}, std::move(attempts));
  };
  const Attempt skip = Tried(Verdict::kSkip, why::kNotClaimed);
  const CheckResult folded = fold({skip, Tried(Verdict::kPass), skip});
  EXPECT_EQ(folded.result, Result::kPass);
  EXPECT_FALSE(folded.unexpected);
  EXPECT_EQ(folded.decisive, 1u);
  EXPECT_EQ(fold({skip, skip}).result, Result::kSkip);
  EXPECT_EQ(fold({Tried(Verdict::kPass), skip, Tried(Verdict::kNotRun)}).result, Result::kNotRun);
  EXPECT_EQ(fold({Tried(Verdict::kPass), skip, Tried(Verdict::kError)}).result, Result::kError);
}

TEST(FoldTest, HarnessTroubleIsNeverTheShims) {
  const CheckResult folded = FoldOf({Tried(Verdict::kFail), Tried(Verdict::kError)});
  EXPECT_EQ(folded.result, Result::kError);
  EXPECT_FALSE(folded.unexpected);
  EXPECT_EQ(folded.decisive, 1u);
}

TEST(FoldTest, AnInterruptedCheckHasNotRunUnlessItIsRedAlready) {
  EXPECT_EQ(FoldOf({Tried(Verdict::kPass), Tried(Verdict::kNotRun)}).result, Result::kNotRun);
  EXPECT_EQ(FoldOf({Tried(Verdict::kFail), Tried(Verdict::kNotRun)}).result, Result::kFail);
}

TEST(FoldTest, ACheckWithoutAnyAttemptHasNotRun) {
  const CheckResult folded = FoldOf({});
  EXPECT_EQ(folded.result, Result::kNotRun);
  EXPECT_FALSE(folded.unexpected);
  EXPECT_EQ(folded.evidence(), nullptr);
  EXPECT_EQ(folded.skip_kind(), SkipKind::kNotClaimed);
  EXPECT_EQ(folded.skip_reason(), "");
}

TEST(FoldTest, APlannedSkipHasNoAttempts) {
  const CheckResult folded =
      Fold(3, {.check = &kMustCheck, .skip = SkipKind::kHost, .skip_reason = "no cgroups"}, {});
  EXPECT_EQ(folded.result, Result::kSkip);
  EXPECT_EQ(folded.index, 3u);
  EXPECT_EQ(folded.skip_kind(), SkipKind::kHost);
  EXPECT_EQ(folded.skip_reason(), "no cgroups");
  EXPECT_EQ(folded.evidence(), nullptr);
}

TEST(FoldTest, ASkipAtRunTimeTellsItsKind) {
  EXPECT_EQ(FoldOf({Tried(Verdict::kSkip, why::kHost)}).skip_kind(), SkipKind::kHost);
  EXPECT_EQ(FoldOf({Tried(Verdict::kSkip, why::kNotClaimed)}).skip_kind(), SkipKind::kNotClaimed);
  Attempt told = Tried(Verdict::kSkip, why::kHost);
  told.whys.front().text = "no such device";
  EXPECT_EQ(FoldOf({told}).skip_reason(), "no such device");
  told.whys.clear();
  EXPECT_EQ(FoldOf({told}).skip_kind(), SkipKind::kNotClaimed);
  EXPECT_EQ(FoldOf({told}).skip_reason(), "");
}

TEST(ExpectedTest, TheExpectedFailureIsXfail) {
  const Expectation expected = Expected(Expectation::Result::kFail);
  const CheckResult folded = FoldOf({Tried(Verdict::kFail)}, &expected);
  EXPECT_EQ(folded.result, Result::kXfail);
  EXPECT_FALSE(folded.unexpected);
}

TEST(ExpectedTest, AnotherReasonOrAnotherVerdictIsRed) {
  const Expectation expected = Expected(Expectation::Result::kFail);
  const CheckResult reason = FoldOf({Tried(Verdict::kFail, why::kReplyCode)}, &expected);
  EXPECT_EQ(reason.result, Result::kFail);
  EXPECT_TRUE(reason.unexpected);
  EXPECT_EQ(reason.unexpected_text, "expected event.order, got reply.code, see e.toml:2");
  const CheckResult verdict = FoldOf({Tried(Verdict::kCrash)}, &expected);
  EXPECT_EQ(verdict.result, Result::kCrash);
  EXPECT_TRUE(verdict.unexpected);
  EXPECT_EQ(verdict.unexpected_text,
            "expected fail (event.order), got crash (event.order), see e.toml:2");
  // Every red attempt counts, not only the first.
  EXPECT_TRUE(FoldOf({Tried(Verdict::kFail), Tried(Verdict::kFail, why::kReplyCode)}, &expected)
                  .unexpected);
}

TEST(ExpectedTest, EachResultStandsForOneVerdict) {
  const std::map<Expectation::Result, Verdict> meant = {
      {Expectation::Result::kFail, Verdict::kFail},
      {Expectation::Result::kHang, Verdict::kHang},
      {Expectation::Result::kCrash, Verdict::kCrash},
      {Expectation::Result::kLeak, Verdict::kLeak},
      {Expectation::Result::kSkip, Verdict::kSkip}};
  for (const auto& [result, meant_verdict] : meant) {
    const Expectation expected = Expected(result);
    for (const Verdict verdict :
         {Verdict::kFail, Verdict::kHang, Verdict::kCrash, Verdict::kLeak}) {
      const CheckResult folded = FoldOf({Tried(verdict)}, &expected);
      EXPECT_EQ(folded.unexpected, verdict != meant_verdict)
          << ResultName(result) << " " << VerdictName(verdict);
    }
  }
}

TEST(ExpectedTest, APassIsXpassAndRed) {
  const Expectation expected = Expected(Expectation::Result::kHang);
  const CheckResult folded = FoldOf({Tried(Verdict::kPass)}, &expected);
  EXPECT_EQ(folded.result, Result::kXpass);
  EXPECT_TRUE(folded.unexpected);
  EXPECT_THAT(folded.unexpected_text, HasSubstr("expected hang (event.order)"));
}

TEST(ExpectedTest, ExpectationsExcuseNoSkipNoErrorAndNoMissingRun) {
  const Expectation expected = Expected(Expectation::Result::kFail);
  EXPECT_EQ(FoldOf({Tried(Verdict::kSkip)}, &expected).result, Result::kSkip);
  EXPECT_EQ(FoldOf({Tried(Verdict::kError)}, &expected).result, Result::kError);
  EXPECT_EQ(FoldOf({Tried(Verdict::kNotRun)}, &expected).result, Result::kNotRun);
}

TEST(ExpectedTest, ChanceMayComeInsteadOfWhatAlwaysHolds) {
  const Expectation always = Expected(Expectation::Result::kFail, why::kLeftSocket);
  Expectation chance = Expected(Expectation::Result::kFlaky);
  chance.max_rate = 0.5;
  const auto fold = [&](std::vector<Attempt> attempts) {
    return Fold(0, {.check = &kMustCheck, .expectation = &always, .chances = {&chance}},
                std::move(attempts));
  };
  const Attempt hit = Tried(Verdict::kFail, why::kLeftSocket);
  const CheckResult usual = fold({hit});
  EXPECT_EQ(usual.result, Result::kXfail);
  EXPECT_EQ(usual.planned.expectation, &always);
  const CheckResult other = fold({Tried(Verdict::kHang)});
  EXPECT_EQ(other.result, Result::kXfail);
  EXPECT_EQ(other.planned.expectation, &chance) << "the reports cite what was met";
  EXPECT_EQ(fold({hit, Tried(Verdict::kFail), hit}).result, Result::kXfail);
  // Neither excuses a pass, a third reason, or chance more often than its rate.
  EXPECT_EQ(fold({Tried(Verdict::kPass)}).result, Result::kXpass);
  EXPECT_EQ(fold({hit, Tried(Verdict::kPass)}).unexpected_text,
            "expected fail (left.socket), got flaky, see e.toml:2");
  EXPECT_EQ(fold({Tried(Verdict::kFail, why::kZombie)}).unexpected_text,
            "expected left.socket or event.order, got process.zombie, see e.toml:2");
  EXPECT_EQ(
      fold({hit, Tried(Verdict::kFail), Tried(Verdict::kFail), hit, Tried(Verdict::kFail)}).result,
      Result::kXfail);
  EXPECT_THAT(fold({hit, Tried(Verdict::kFail), Tried(Verdict::kFail), Tried(Verdict::kFail)})
                  .unexpected_text,
              HasSubstr("event.order in 3 of 4 attempts, expected at most 50 %"));
}

TEST(ExpectedTest, AReasonThatNoEntryNamesIsToldWithAllThatDo) {
  const Expectation always = Expected(Expectation::Result::kFail, why::kLeftSocket);
  const Expectation one = Expected(Expectation::Result::kFlaky);
  const Expectation other = Expected(Expectation::Result::kFlaky, why::kReplyCode);
  const CheckResult folded =
      Fold(0, {.check = &kMustCheck, .expectation = &always, .chances = {&one, &other}},
           {Tried(Verdict::kFail, why::kZombie)});
  EXPECT_EQ(folded.result, Result::kFail);
  EXPECT_EQ(folded.unexpected_text,
            "expected left.socket or event.order or reply.code, got process.zombie, see e.toml:2");
}

TEST(ExpectedTest, WhatAlwaysHoldsHasNoRate) {
  Expectation expected = Expected(Expectation::Result::kFail);
  expected.max_rate = 0.25;
  const Attempt hit = Tried(Verdict::kFail);
  EXPECT_EQ(FoldOf({hit, hit, hit, hit}, &expected).result, Result::kXfail);
}

TEST(ExpectedTest, AFlakyCheckMayPassOrFailWithinItsRate) {
  Expectation expected = Expected(Expectation::Result::kFlaky);
  expected.max_rate = 0.25;
  EXPECT_EQ(FoldOf({Tried(Verdict::kPass)}, &expected).result, Result::kPass);
  EXPECT_EQ(FoldOf({Tried(Verdict::kFail)}, &expected).result, Result::kXfail);
  EXPECT_EQ(FoldOf({Tried(Verdict::kPass), Tried(Verdict::kFail), Tried(Verdict::kPass),
                    Tried(Verdict::kPass)},
                   &expected)
                .result,
            Result::kXfail);
  const CheckResult often = FoldOf(
      {Tried(Verdict::kPass), Tried(Verdict::kFail), Tried(Verdict::kFail), Tried(Verdict::kPass)},
      &expected);
  EXPECT_EQ(often.result, Result::kFlaky);
  EXPECT_TRUE(often.unexpected);
  EXPECT_TRUE(
      FoldOf({Tried(Verdict::kPass), Tried(Verdict::kFail, why::kZombie)}, &expected).unexpected);
}

TEST(ExpectedTest, WhatDisagreesWithoutARedAttemptStillCitesItsEntry) {
  const Expectation expected = Expected(Expectation::Result::kFlaky);
  const Attempt pass = Tried(Verdict::kPass);
  const Attempt skip = Tried(Verdict::kSkip, why::kHost);
  for (const std::vector<Attempt>& attempts :
       {std::vector<Attempt>{pass, skip}, std::vector<Attempt>{skip, pass}}) {
    const CheckResult folded = FoldOf(attempts, &expected);
    EXPECT_EQ(folded.result, Result::kXfail);
    EXPECT_EQ(folded.planned.expectation, &expected) << "the reports cite it";
  }
}

Summary SummaryOf(const std::vector<CheckResult>& results) {
  Summary summary;
  summary.planned = results.size();
  for (const CheckResult& result : results) summary.counts.Add(result);
  return summary;
}

TEST(CountsTest, LevelsCountWhatWasJudged) {
  const Expectation expected = Expected(Expectation::Result::kFail);
  const Summary summary =
      SummaryOf({FoldOf({Tried(Verdict::kPass)}), FoldOf({Tried(Verdict::kFail)}, &expected),
                 FoldOf({Tried(Verdict::kSkip)}),
                 Fold(3, {.check = &kShouldCheck}, {Tried(Verdict::kLeak)})});
  EXPECT_EQ(summary.counts.total(), 4u);
  EXPECT_EQ(summary.counts.of(Result::kXfail), 1u);
  EXPECT_EQ(summary.counts.unexpected(), 1u);
  EXPECT_EQ(summary.counts.at(Level::kMust).judged, 2u);
  EXPECT_EQ(summary.counts.at(Level::kMust).passed, 1u);
  EXPECT_EQ(summary.counts.at(Level::kMust).expected, 1u);
  EXPECT_EQ(summary.counts.at(Level::kShould).judged, 1u);
  EXPECT_EQ(summary.counts.at(Level::kShould).passed, 0u);
  EXPECT_EQ(summary.counts.at(Level::kMay).judged, 0u);
}

TEST(CountsTest, AnUnexpectedPassIsAPass) {
  const Expectation expected = Expected(Expectation::Result::kFail);
  const Summary summary = SummaryOf({FoldOf({Tried(Verdict::kPass)}, &expected)});
  EXPECT_EQ(summary.counts.of(Result::kXpass), 1u);
  EXPECT_EQ(summary.counts.at(Level::kMust).judged, 1u);
  EXPECT_EQ(summary.counts.at(Level::kMust).passed, 1u);
  EXPECT_EQ(summary.counts.at(Level::kMust).expected, 0u);
}

TEST(ExitCodeTest, AllGreenIsZero) {
  const Summary summary = SummaryOf({FoldOf({Tried(Verdict::kPass)})});
  EXPECT_EQ(ExitCodeOf(summary), 0);
  EXPECT_THAT(Reasons(summary), IsEmpty());
}

TEST(ExitCodeTest, UnexpectedOrStaleIsOne) {
  EXPECT_EQ(ExitCodeOf(SummaryOf({FoldOf({Tried(Verdict::kFail)})})), 1);
  Summary stale = SummaryOf({FoldOf({Tried(Verdict::kPass)})});
  stale.stale_expectations = {"e.toml:2: ..."};
  EXPECT_EQ(ExitCodeOf(stale), 1);
  EXPECT_THAT(Reasons(stale), ElementsAre("1 stale expectation"));
}

TEST(ExitCodeTest, ABrokenClaimIsOne) {
  Summary summary = SummaryOf({FoldOf({Tried(Verdict::kPass)})});
  summary.broken_claims = {"claims -info, but does not answer it"};
  EXPECT_EQ(ExitCodeOf(summary), 1);
  EXPECT_THAT(Reasons(summary), ElementsAre("claims -info, but does not answer it"));
}

TEST(ExitCodeTest, NothingRunIsFive) {
  Summary skipped = SummaryOf({FoldOf({Tried(Verdict::kSkip)})});
  EXPECT_EQ(ExitCodeOf(skipped), 5);
  EXPECT_THAT(Reasons(skipped), ElementsAre("nothing was run"));
  EXPECT_EQ(ExitCodeOf(Summary()), 5);
  skipped.interrupted = true;
  EXPECT_EQ(ExitCodeOf(skipped), 130);
  EXPECT_THAT(Reasons(skipped), ElementsAre("interrupted"));
}

TEST(ExitCodeTest, HarnessTroubleIsFour) {
  EXPECT_EQ(ExitCodeOf(SummaryOf({FoldOf({Tried(Verdict::kError)})})), 4);
  Summary unwritten = SummaryOf({FoldOf({Tried(Verdict::kPass)})});
  unwritten.harness_problems = {"out.xml: No space left on device"};
  EXPECT_EQ(ExitCodeOf(unwritten), 4);
  EXPECT_THAT(Reasons(unwritten), ElementsAre("out.xml: No space left on device"));
  EXPECT_EQ(
      ExitCodeOf(SummaryOf({FoldOf({Tried(Verdict::kPass)}), FoldOf({Tried(Verdict::kNotRun)})})),
      4);
}

TEST(ExitCodeTest, WhatIsNotAccountedForIsFour) {
  Summary lost = SummaryOf({FoldOf({Tried(Verdict::kPass)})});
  lost.planned = 2;
  EXPECT_EQ(ExitCodeOf(lost), 4);
  EXPECT_THAT(Reasons(lost), ElementsAre("accounting: 2 checks planned, 1 accounted for"));
  Summary attempts = SummaryOf({FoldOf({Tried(Verdict::kPass)})});
  attempts.attempts_planned = 2;
  attempts.attempts_done = 1;
  EXPECT_EQ(ExitCodeOf(attempts), 4);
}

TEST(ExitCodeTest, PrecedenceAndAllReasonsAreKept) {
  Summary summary = SummaryOf({FoldOf({Tried(Verdict::kFail)}), FoldOf({Tried(Verdict::kError)}),
                               FoldOf({Tried(Verdict::kNotRun)})});
  summary.stale_expectations = {"x"};
  EXPECT_EQ(ExitCodeOf(summary), 4);
  EXPECT_THAT(Reasons(summary),
              ElementsAre("1 check could not be judged (harness or host trouble)",
                          "1 check not run", "1 unexpected verdict", "1 stale expectation"));
  summary.interrupted = true;
  EXPECT_EQ(ExitCodeOf(summary), 130);
  EXPECT_EQ(Reasons(summary).front(), "interrupted");
}

TEST(ExitCodeTest, StoppingEarlyOnPurposeIsNotIncomplete) {
  Summary summary = SummaryOf({FoldOf({Tried(Verdict::kFail)}), FoldOf({Tried(Verdict::kNotRun)})});
  summary.stopped_early = true;
  EXPECT_EQ(ExitCodeOf(summary), 1);
}

}  // namespace
}  // namespace conformance
