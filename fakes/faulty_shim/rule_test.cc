// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/rule.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "base/testing/temp_dir.h"
#include "fakes/fault/known_fault.h"
#include "fakes/fault/regressions.h"

namespace fakes {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Refusal(const std::string& text) {
  const auto rule = ParseRule(text);
  return rule.ok() ? "accepted" : std::string(rule.status().message());
}

TEST(RuleTest, WordsAndKeysAreTakenApart) {
  const auto rule = ParseRule("fail  unlink path=*/s/* errno=EPERM nth=2");
  ASSERT_TRUE(rule.ok()) << rule.status();
  EXPECT_EQ(rule->action, "fail");
  EXPECT_EQ(rule->target, "unlink");
  EXPECT_EQ(rule->Text("path"), "*/s/*");
  EXPECT_EQ(rule->Number("errno"), EPERM);
  EXPECT_EQ(rule->Number("nth"), 2);
  EXPECT_EQ(rule->Number("ms", 7), 7);
  EXPECT_FALSE(rule->has("ms"));
  EXPECT_TRUE(IsCondition(FormOf(*rule), "path"));
  EXPECT_TRUE(IsCondition(FormOf(*rule), "role"));
  EXPECT_FALSE(IsCondition(FormOf(*rule), "errno"));
}

TEST(RuleTest, ValuesHaveTheirKinds) {
  EXPECT_EQ(ParseRule("alter fchmod mode=0666")->Number("mode"), 0666);
  EXPECT_EQ(ParseRule("drop open flag=O_NONBLOCK")->Number("flag"), O_NONBLOCK);
  // A value may contain the sign that ends a key.
  EXPECT_EQ(ParseRule("skip unlink path=a=b")->Text("path"), "a=b");
}

TEST(RuleTest, RefusalsNameTheRuleAndWhatWasExpected) {
  EXPECT_THAT(Refusal("skip"), AllOf(HasSubstr("rule 'skip'"), HasSubstr("ACTION TARGET")));
  EXPECT_THAT(Refusal("skip nothing"),
              AllOf(HasSubstr("no target 'nothing'"), HasSubstr("unlink")));
  EXPECT_THAT(Refusal("spin unlink"), HasSubstr("no 'spin' for unlink; there is fail, skip"));
  EXPECT_THAT(Refusal("skip unlink quietly"), HasSubstr("'quietly' is not KEY=VALUE"));
  EXPECT_THAT(Refusal("skip unlink to=9"),
              HasSubstr("no key 'to'; there are path, role, while, nth, from"));
  EXPECT_THAT(Refusal("fail unlink errno=EWHAT"), HasSubstr("errno: 'EWHAT' is none of EACCES"));
  EXPECT_THAT(Refusal("drop open flag=O_X"), HasSubstr("flag: 'O_X' is none of O_NONBLOCK"));
  EXPECT_THAT(Refusal("alter fchmod mode=8"), HasSubstr("mode: '8' is no octal number"));
  EXPECT_THAT(Refusal("defer listen ms=-1"), HasSubstr("ms: '-1' is no number"));
  EXPECT_THAT(Refusal("skip unlink role=boss"), HasSubstr("role: 'boss' is none of start, delete"));
  EXPECT_THAT(Refusal("skip unlink path=a path=b"), HasSubstr("key 'path' occurs twice"));
  EXPECT_THAT(Refusal("fail unlink path=a"), HasSubstr("key 'errno' is missing"));
}

TEST(RuleTest, FormsAreUniqueAndTold) {
  std::set<std::string> seen;
  for (const RuleForm& form : AllRuleForms()) {
    EXPECT_TRUE(seen.insert(std::string(form.action) + " " + std::string(form.target)).second);
    EXPECT_FALSE(form.what.empty()) << form.action << " " << form.target;
  }
}

TEST(RuleTest, TheReadmeTellsOfEveryForm) {
  const std::string readme = base::testing::ReadFile(FAULTY_SHIM_README);
  for (const RuleForm& form : AllRuleForms()) {
    EXPECT_THAT(readme, HasSubstr(absl::StrCat("| `", form.action, " ", form.target, "` | ")));
    EXPECT_THAT(readme, HasSubstr(absl::StrCat(" | ", form.what, " |\n")));
  }
}

TEST(RuleTest, TheRulesOfAllKnownFaultsParse) {
  for (const KnownFault& fault : KnownFaultsAt(KnownFaultSeam::kShim)) {
    for (const std::string& rule : fault.rules) {
      EXPECT_TRUE(ParseRule(rule).ok()) << fault.name << ": " << ParseRule(rule).status();
    }
  }
}

TEST(RuleTest, TheRulesOfAllRegressionsParse) {
  for (const Regression& regression : AllRegressions()) {
    for (const std::string& rule : regression.defect.rules) {
      EXPECT_TRUE(ParseRule(rule).ok())
          << regression.defect.name << ": " << ParseRule(rule).status();
    }
  }
}

}  // namespace
}  // namespace fakes
