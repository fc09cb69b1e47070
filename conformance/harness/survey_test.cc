// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/survey.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const Check kPause = {.id = "survey/pause", .needs = ToNeeds(Need::kPause)};

CheckResult Ended(Verdict verdict, std::vector<Why> whys = {}) {
  CheckResult result;
  result.planned.check = &kPause;
  Attempt attempt;
  attempt.verdict = verdict;
  attempt.whys = std::move(whys);
  result.attempts = {attempt};
  return result;
}

TEST(SurveyTest, ACapabilityIsThereUnlessItsOwnExpectationFails) {
  EXPECT_EQ(ToAnswer(Ended(Verdict::kPass)).kind, Answer::Kind::kYes);
  EXPECT_EQ(ToAnswer(Ended(Verdict::kLeak, {{.code = why::kLeftFile}})).kind, Answer::Kind::kYes);
  EXPECT_EQ(ToAnswer(Ended(Verdict::kFail, {{.code = why::kEventOrder, .text = "elsewhere"}})).kind,
            Answer::Kind::kYes);

  const Answer no = ToAnswer(Ended(Verdict::kFail, {{.code = why::kReplyCode,
                                                     .text = "Pause",
                                                     .observed = "UNIMPLEMENTED",
                                                     .where = "survey.cc:1"}}));
  EXPECT_EQ(no.kind, Answer::Kind::kNo);
  EXPECT_EQ(no.reason, "Pause: UNIMPLEMENTED");
  EXPECT_EQ(ToAnswer(Ended(Verdict::kCrash, {{.code = why::kShimCrashed}})).kind,
            Answer::Kind::kNo);
  EXPECT_EQ(ToAnswer(Ended(Verdict::kHang)).kind, Answer::Kind::kNo);
  EXPECT_EQ(ToAnswer(Ended(Verdict::kError, {{.text = "no memory"}})).kind, Answer::Kind::kUnasked);

  CheckResult skipped = Ended(Verdict::kSkip);
  skipped.planned.skip = SkipKind::kHost;
  skipped.planned.skip_reason = "no cgroups";
  EXPECT_EQ(ToAnswer(skipped).kind, Answer::Kind::kUnasked);
  EXPECT_EQ(ToAnswer(skipped).reason, "no cgroups");
}

Survey Example() {
  Survey survey;
  survey.shim_path = "/opt/a \"b\"\\c";
  survey.date = "2026-01-01";
  survey.subject.legacy = {.usable = true, .version = 2, .protocol = "ttrpc", .took_us = 21000};
  survey.subject.params.problem = "exit code 1\n\x1b[31mred";
  survey.subject.version_text = "Version: 1.2";
  survey.engine = "runc";
  survey.claims[Need::kExec] = {.kind = Answer::Kind::kYes};
  survey.claims[Need::kGrouping] = {.kind = Answer::Kind::kYes, .notes = {"groups by x"}};
  survey.claims[Need::kPause] = {.kind = Answer::Kind::kNo, .reason = std::string(500, 'x')};
  survey.claims[Need::kOomEvents] = {.kind = Answer::Kind::kUnasked,
                                     .reason = "no cgroups\nat all"};
  survey.claims[Need::kOciEngine] = {.kind = Answer::Kind::kYes};
  return survey;
}

TEST(SurveyTest, TheDraftIsAProfile) {
  const Survey survey = Example();
  const std::string draft = DraftProfile(survey);
  const absl::StatusOr<Profile> profile = ParseProfile(draft, "draft.toml");
  ASSERT_TRUE(profile.ok()) << profile.status() << "\n" << draft;
  EXPECT_EQ(profile->shim_path, survey.shim_path);
  EXPECT_EQ(profile->engine, "runc");
  EXPECT_EQ(profile->guest, Profile::Guest::kRootfs);
  EXPECT_EQ(profile->claims, Need::kExec | Need::kGrouping | ToNeeds(Need::kOciEngine));
  EXPECT_THAT(draft, AllOf(HasSubstr("groups by x"), HasSubstr("not asked: no cgroups at all"),
                           HasSubstr("yes, ttrpc, task version 2, in 21 ms"),
                           Not(HasSubstr("\x1b")), Not(HasSubstr(std::string(130, 'x')))));
}

TEST(SurveyTest, AShimOfTheHostHasNoEngine) {
  Survey survey = Example();
  survey.guest = Profile::Guest::kHost;
  survey.claims[Need::kOciEngine] = {.kind = Answer::Kind::kNo, .reason = "it went on"};
  const absl::StatusOr<Profile> profile = ParseProfile(DraftProfile(survey), "draft.toml");
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->engine, "");
  EXPECT_EQ(profile->guest, Profile::Guest::kHost);
}

TEST(SurveyTest, AShimOfModulesIsOneInItsProfile) {
  Survey survey = Example();
  survey.guest = Profile::Guest::kWasm;
  survey.claims[Need::kWasm] = {.kind = Answer::Kind::kYes};
  const absl::StatusOr<Profile> profile = ParseProfile(DraftProfile(survey), "draft.toml");
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->guest, Profile::Guest::kWasm);
  EXPECT_NE(profile->claims & ToNeeds(Need::kWasm), 0u);
}

TEST(SurveyTest, OnlyClaimedChecksCount) {
  const std::vector<Check> checks = {{.id = "a/plain"},
                                     {.id = "a/exec", .needs = ToNeeds(Need::kExec)},
                                     {.id = "a/fault", .needs = ToNeeds(Need::kFakeEngine)},
                                     {.id = "a/pause", .needs = ToNeeds(Need::kPause)}};
  Profile profile;
  profile.claims = ToNeeds(Need::kExec);
  EXPECT_EQ(ClaimedChecks(checks, profile).size(), 3u);
}

}  // namespace
}  // namespace conformance
