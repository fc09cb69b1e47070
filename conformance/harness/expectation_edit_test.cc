// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/expectation_edit.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kFile[] = R"(# Known.
schema = 1

# --- first part ---

[[expect]]
check = "a/one"
result = "fail"      # for long
why = "reply.code"
reference = "X-01"

# --- second part ---

[[expect]]
check = "a/two"
result = "hang"
why = "reply.missing"
reference = "X-02"
)";

std::vector<Check> Checks() { return {{.id = "a/one"}, {.id = "a/two"}, {.id = "a/three"}}; }

ObservedCheck Observed(const std::string& id, const std::vector<std::string>& verdicts,
                       const std::string& code) {
  ObservedCheck check{.id = id, .verdicts = verdicts, .requirement = "R-1", .text = "is \"off\""};
  for (const std::string& verdict : verdicts) check.codes.push_back(verdict == "pass" ? "" : code);
  return check;
}

ExpectationEdit Update(const std::string& text, const std::vector<ObservedCheck>& checks,
                       const NewEntryFields& fields = {}) {
  ObservedRun run;
  run.checks = checks;
  const absl::StatusOr<ExpectationEdit> edit =
      UpdateExpectations(text, "e.toml", run, Checks(), fields);
  EXPECT_TRUE(edit.ok()) << edit.status();
  return edit.ok() ? *edit : ExpectationEdit();
}

ExpectationEdit Prune(const std::string& text, const std::vector<ObservedCheck>& checks,
                      const std::string& today = "2026-06-01") {
  ObservedRun run;
  run.checks = checks;
  const absl::StatusOr<ExpectationEdit> edit =
      PruneExpectations(text, "e.toml", run, Checks(), today);
  EXPECT_TRUE(edit.ok()) << edit.status();
  return edit.ok() ? *edit : ExpectationEdit();
}

TEST(ExpectationEditTest, WhatIsAsExpectedChangesNothing) {
  EXPECT_EQ(Update(kFile, {Observed("a/one", {"fail"}, "reply.code"),
                           Observed("a/two", {"hang", "hang"}, "reply.missing"),
                           Observed("a/three", {"pass"}, "")})
                .text,
            kFile);
}

TEST(ExpectationEditTest, ANewRedCheckBecomesAnEntryThatCitesWhatWasSeen) {
  EXPECT_EQ(Update("", {Observed("a/one", {"leak"}, "left.fd")}).text,
            "schema = 1\n\n[[expect]]\ncheck = \"a/one\"\nresult = \"leak\"\nwhy = \"left.fd\"\n"
            "reference = \"R-1: is \\\"off\\\"\"\n");
  EXPECT_THAT(Update(kFile, {Observed("a/three", {"fail"}, "reply.code")},
                     {.issue = "https://x/1", .owner = "@ana"})
                  .text,
              HasSubstr("why = \"reply.code\"\nissue = \"https://x/1\"\nowner = \"@ana\"\n"));
}

TEST(ExpectationEditTest, AnEntryThatIsWrongIsCorrectedInItsPlace) {
  const std::string text = Update(kFile, {Observed("a/one", {"crash"}, "shim.crashed")}).text;
  EXPECT_THAT(text, HasSubstr("check = \"a/one\"\nresult = \"crash\"\nwhy = \"shim.crashed\"\n"
                              "reference = \"X-01\"\n\n# --- second part"));
}

TEST(ExpectationEditTest, AttemptsThatDisagreeAreFlakyWithARate) {
  const std::string text =
      Update(kFile, {Observed("a/one", {"fail", "pass", "pass", "pass"}, "reply.code")}).text;
  EXPECT_THAT(text, HasSubstr("result = \"flaky\"\nwhy = \"reply.code\"\nreference = \"X-01\"\n"
                              "max_rate = 0.25\n\n# --- second"));
  // And back.
  EXPECT_EQ(Update(text, {Observed("a/one", {"fail"}, "reply.code")}).text, text);
}

TEST(ExpectationEditTest, SeveralReasonsAreOnlyNoted) {
  ObservedCheck check = Observed("a/one", {"fail", "fail"}, "reply.code");
  check.codes[1] = "reply.field";
  const ExpectationEdit edit = Update(kFile, {check});
  EXPECT_EQ(edit.text, kFile);
  EXPECT_THAT(edit.notes, ElementsAre(HasSubstr("red for several reasons")));
}

TEST(ExpectationEditTest, WhatAChanceExplainsChangesNothing) {
  const std::string file = std::string(kFile) +
                           "\n[[expect]]\ncheck = \"a/one\"\nresult = \"flaky\"\n"
                           "why = \"event.order\"\nmax_rate = 0.5\nreference = \"X-02\"\n";
  EXPECT_EQ(Update(file, {Observed("a/one", {"fail"}, "event.order")}).text, file);
  EXPECT_NE(Update(file, {Observed("a/one", {"fail"}, "left.fd")}).text, file);
}

// kFile with a condition on the second entry that no result can answer.
std::string WithOpenQuestion(const std::string& when) {
  return absl::StrCat(kFile, "when = \"", when, "\"\n");
}

TEST(ExpectationEditTest, AnEntryThatMayHoldIsNotDoubled) {
  const std::string file = WithOpenQuestion("engine.version < '1.1.13'");
  for (const char* const code : {"reply.missing", "reply.code"}) {
    const ExpectationEdit edit = Update(file, {Observed("a/two", {"hang"}, code)});
    EXPECT_EQ(edit.text, file);
    EXPECT_THAT(edit.notes, ElementsAre(AllOf(HasSubstr(absl::StrCat("a/two: hang (", code, ")")),
                                              HasSubstr("the entry at e.toml:14 holds depends on "
                                                        "engine.version, which"))));
  }
  // Others are none of its business.
  EXPECT_THAT(Update(file, {Observed("a/three", {"fail"}, "reply.code")}).text,
              HasSubstr("check = \"a/three\""));
}

TEST(ExpectationEditTest, AnEntryThatMayHoldIsNeitherCorrectedNorPruned) {
  const std::string file = WithOpenQuestion("not (engine == 'runc')");
  EXPECT_EQ(Update(file, {Observed("a/two", {"fail"}, "reply.code")}).text, file);
  EXPECT_EQ(Prune(file, {Observed("a/two", {"pass"}, "")}).text, file);
}

TEST(ExpectationEditTest, ChecksOfAnotherBuildAreOnlyNoted) {
  const ExpectationEdit edit = Update(kFile, {Observed("a/other", {"fail"}, "reply.code")});
  EXPECT_EQ(edit.text, kFile);
  EXPECT_THAT(edit.notes, ElementsAre("a/other: this build has no such check"));
}

TEST(ExpectationEditTest, PruneDropsWhatPassesAndKeepsTheRestAsItIs) {
  const ExpectationEdit edit =
      Prune(kFile, {Observed("a/one", {"pass"}, ""), Observed("a/two", {"hang"}, "reply.missing")});
  EXPECT_THAT(edit.text, HasSubstr("# --- first part ---\n\n# --- second part ---\n\n[[expect]]\n"
                                   "check = \"a/two\""));
  EXPECT_THAT(edit.notes, ElementsAre("e.toml:6: a/one passes"));
}

TEST(ExpectationEditTest, PruneKeepsWhatWasNotJudgedAndDropsWhatIsGone) {
  EXPECT_EQ(Prune(kFile, {Observed("a/one", {}, "")}).text, kFile);
  const std::string gone = std::string(kFile) +
                           "\n[[expect]]\ncheck = \"a/gone\"\nresult = \"fail\"\n"
                           "why = \"reply.code\"\nreference = \"x\"\n";
  EXPECT_EQ(Prune(gone, {}).text, kFile);
  const std::string expired = std::string(kFile) + "until = \"2026-01-01\"\n";
  EXPECT_THAT(Prune(expired, {}).notes, ElementsAre(HasSubstr("expired on 2026-01-01")));
}

}  // namespace
}  // namespace conformance
