// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/survey.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/harness/host_pids.h"
#include "conformance/harness/hypervisor_need.h"

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
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

TEST(SurveyTest, AReasonSaysHowItEndedAndWhatWasSeen) {
  const Why own = {.code = why::kReplyCode,
                   .text = "Pause",
                   .observed = "UNIMPLEMENTED",
                   .where = "survey.cc:1"};
  EXPECT_EQ(ToAnswer(Ended(Verdict::kFail, {{.code = why::kEventOrder, .text = "elsewhere"}, own}))
                .reason,
            "Pause: UNIMPLEMENTED");
  EXPECT_EQ(ToAnswer(Ended(Verdict::kHang, {own})).reason, "hang: Pause: UNIMPLEMENTED");
  EXPECT_EQ(
      ToAnswer(Ended(Verdict::kCrash, {{.code = why::kShimCrashed, .text = "it died"}})).reason,
      "crash: it died");
  EXPECT_EQ(
      ToAnswer(Ended(Verdict::kFail, {{.code = why::kReplyCode, .where = "survey.cc:1"}})).reason,
      "reply.code");
}

TEST(SurveyTest, ASurveyThatNeverRanFindsNothing) {
  CheckResult result;
  result.planned.check = &kPause;
  const Answer answer = ToAnswer(result);
  EXPECT_EQ(answer.kind, Answer::Kind::kNo);
  EXPECT_EQ(answer.reason, "");
}

TEST(SurveyTest, NotesAreKept) {
  CheckResult result = Ended(Verdict::kPass);
  result.attempts[0].notes = {"groups by x"};
  EXPECT_THAT(ToAnswer(result).notes, ElementsAre("groups by x"));
}

TEST(SurveyTest, SurveysAreFoundById) {
  const std::vector<Check> surveys = {kPause, {.id = kRunsSurvey}};
  EXPECT_EQ(*FindSurvey(surveys, kPause.id), &surveys[0]);
  EXPECT_EQ(*FindSurvey(surveys, kRunsSurvey), &surveys[1]);
  const absl::StatusOr<const Check*> none = FindSurvey(surveys, "survey/exec");
  EXPECT_EQ(none.status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(none.status().message(), "no survey survey/exec");
}

Survey Example() {
  Survey survey;
  survey.shim_path = "/opt/a \"b\"\\c";
  survey.date = "2026-01-01";
  survey.subject.legacy = {.usable = true, .version = 2, .protocol = "ttrpc", .took_us = 21000};
  survey.subject.params.problem = "exit code 1\n\x1b[31mred";
  survey.subject.version_text = "Version: 1.2";
  survey.engine = "crun";
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
  EXPECT_EQ(profile->engine, "crun");
  EXPECT_TRUE(profile->fake_ok);
  EXPECT_EQ(profile->guest, Profile::Guest::kRootfs);
  EXPECT_EQ(profile->claims, Need::kExec | Need::kGrouping | ToNeeds(Need::kOciEngine));
  EXPECT_THAT(draft, AllOf(HasSubstr("groups by x"), HasSubstr("not asked: no cgroups at all"),
                           HasSubstr("yes, ttrpc, task version 2, in 21 ms"),
                           Not(HasSubstr("\x1b")), Not(HasSubstr(std::string(130, 'x')))));
}

TEST(SurveyTest, TheDraftSaysWhatEachStartCameTo) {
  Survey survey = Example();
  EXPECT_THAT(DraftProfile(survey), HasSubstr("\n# version  1.2"
                                              "\n# legacy   yes, ttrpc, task version 2, in 21 ms"
                                              "\n# params   no: exit code 1  [31mred\n"));
  survey.subject.legacy.version = 1;
  EXPECT_THAT(DraftProfile(survey),
              HasSubstr("legacy   yes, ttrpc, task version 2 (a bare address), in 21 ms\n"));
}

TEST(SurveyTest, TheDraftHoldsEachClaimWithItsReason) {
  EXPECT_THAT(DraftProfile(Example()), HasSubstr("kind = \"oci\"\n"
                                                 "binary = \"crun\"\n"
                                                 "fake_ok = true  # "));
  EXPECT_THAT(DraftProfile(Example()),
              HasSubstr("[claims]\n"
                        "exec = true\n"
                        "pause = false          # " +
                        std::string(120, 'x') +
                        "...\n"
                        "grouping = true        # groups by x\n"
                        "oci-engine = true\n"
                        "# oom-events = true    # not asked: no cgroups at all\n"
                        "\n[limits]\n"));
  EXPECT_THAT(DraftProfile(Example()), HasSubstr("\nboot = \"10s\"\nrpc = \"10s\"\n"));
}

TEST(SurveyTest, AReasonIsOneLineAndNotTooLong) {
  const auto comment = [](const std::string& reason) {
    Survey survey;
    survey.claims[Need::kPause] = {.kind = Answer::Kind::kNo, .reason = reason};
    const std::string draft = DraftProfile(survey);
    const std::string claim = "\npause = false          # ";
    const std::size_t begin = draft.find(claim) + claim.size();
    return draft.substr(begin, draft.find('\n', begin) - begin);
  };
  EXPECT_EQ(comment(" \na\177b\tc \n"), "a b c");
  const std::string longest(120, 'x');
  EXPECT_EQ(comment(longest), longest);
  EXPECT_EQ(comment(longest + "x"), longest + "...");
  const std::string cut(119, 'x');
  EXPECT_EQ(comment(cut + "\xc3\xa9"), cut + "...") << "a letter of two bytes is not torn";
  EXPECT_EQ(comment(std::string(200, '\x80')), "...") << "bytes that begin no letter";
}

TEST(SurveyTest, WithoutAnEngineTheDraftNamesNone) {
  Survey survey = Example();
  survey.engine = "";
  EXPECT_THAT(DraftProfile(survey),
              AllOf(HasSubstr("kind = \"none\"\n"), Not(HasSubstr("\nbinary = "))));
  survey = Example();
  survey.claims.clear();
  EXPECT_THAT(DraftProfile(survey),
              AllOf(HasSubstr("kind = \"none\"\n"), Not(HasSubstr("\nbinary = "))));
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

TEST(SurveyTest, ChecksCountByWhetherTheShimHasAHypervisor) {
  const std::vector<Check> checks = {{.id = "a/plain"},
                                     {.id = "a/pids", .tags = {kHostPidsTag}},
                                     {.id = "a/vm", .tags = {kHypervisorTag}}};
  const auto claimed = [&checks](const Profile& profile) {
    std::vector<std::string> ids;
    for (const Check& check : ClaimedChecks(checks, profile)) ids.push_back(check.id);
    return ids;
  };
  Profile profile;
  EXPECT_THAT(claimed(profile), ElementsAre("a/plain", "a/pids"));
  profile.hypervisor = "/opt/h";
  EXPECT_THAT(claimed(profile), ElementsAre("a/plain", "a/vm"));
}

}  // namespace
}  // namespace conformance
