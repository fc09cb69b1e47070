// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Facts& Host() {
  static const auto* const facts = new Facts{{"shim.version", "1.6.20~ds1"},
                                             {"host.cgroup", "hybrid"},
                                             {"host.kernel", "6.12.1"},
                                             {"engine", "runc"}};
  return *facts;
}

bool Holds(const std::string& text) {
  const absl::StatusOr<Condition> condition = Condition::Parse(text);
  EXPECT_TRUE(condition.ok()) << text << ": " << condition.status();
  return condition.ok() && condition->Holds(Host());
}

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<Condition> condition = Condition::Parse(text);
  return condition.ok() ? "no error" : std::string(condition.status().message());
}

TEST(ConditionTest, VersionsAreComparedByNumber) {
  EXPECT_TRUE(Holds("shim.version == '1.6.20'"));
  EXPECT_TRUE(Holds("shim.version < '1.6.36'"));
  EXPECT_TRUE(Holds("shim.version >= 1.6"));
  EXPECT_FALSE(Holds("shim.version > '1.6.20'"));
  EXPECT_FALSE(Holds("shim.version >= '1.10'"));
  EXPECT_TRUE(Holds("host.kernel != \"6.12\""));
}

TEST(ConditionTest, EveryOperatorTellsOlderSameAndNewerApart) {
  const auto holds = [](const std::string& op) {
    std::string answers;
    for (const char* version : {"1.6.19", "1.6.20", "1.6.21"}) {
      answers += Holds("shim.version " + op + " '" + version + "'") ? "y" : "n";
    }
    return answers;
  };
  EXPECT_EQ(holds("=="), "nyn");
  EXPECT_EQ(holds("!="), "yny");
  EXPECT_EQ(holds("<="), "nyy");
  EXPECT_EQ(holds("<"), "nny");
  EXPECT_EQ(holds(">="), "yyn");
  EXPECT_EQ(holds(">"), "ynn");
}

TEST(ConditionTest, ItTellsWhichFactsItLacks) {
  const auto unknown = [](const std::string& text) {
    const absl::StatusOr<Condition> condition = Condition::Parse(text);
    EXPECT_TRUE(condition.ok()) << text << ": " << condition.status();
    return condition.ok() ? condition->Unknown(Host()) : std::vector<std::string>{"no condition"};
  };
  EXPECT_THAT(unknown("shim.version < '2' and engine == 'runc'"), IsEmpty());
  EXPECT_THAT(unknown("host.priv == 'root' or not (engine.version < 1.2 and host.cgroup == 2)"),
              ElementsAre("engine.version", "host.priv"));
  const Facts silent = {{"engine", ""}};
  EXPECT_THAT(Condition::Parse("engine == 'runc'")->Unknown(silent), ElementsAre("engine"));
}

TEST(ConditionTest, VersionsWithoutQuotesAreReadToTheirEnd) {
  EXPECT_TRUE(Holds("shim.version > 1.6.20-rc.1"));
  EXPECT_TRUE(Holds("shim.version == 1.6.20_1"));
}

TEST(ConditionTest, WordsAreEqualOrNot) {
  EXPECT_TRUE(Holds("engine == 'runc'"));
  EXPECT_TRUE(Holds("host.cgroup != 2"));
  EXPECT_FALSE(Holds("host.cgroup == 'v1'"));
}

TEST(ConditionTest, AndBindsTighterThanOr) {
  EXPECT_TRUE(Holds("engine == 'runc' or engine == 'crun' and shim.version > 2"));
  EXPECT_FALSE(Holds("(engine == 'runc' or engine == 'crun') and shim.version > 2"));
  EXPECT_TRUE(Holds("not engine == 'crun' and not (shim.version > 2)"));
  EXPECT_FALSE(Holds("not engine == 'runc'"));
}

TEST(ConditionTest, JoiningWordsStandForThemselves) {
  EXPECT_THAT(ErrorOf("engine == 'a' orengine == 'b'"),
              HasSubstr("column 15 of the condition: expected `and`, `or` or the end"));
  EXPECT_THAT(ErrorOf("engine == 'a' android"), HasSubstr("expected `and`, `or` or the end"));
  EXPECT_THAT(ErrorOf("notengine == 'a'"), HasSubstr("expected one of shim.version"));
  EXPECT_TRUE(Holds(" engine == 'crun' or\tengine == 'runc' "));
}

TEST(ConditionTest, DepthIsBoundedAndLengthIsNot) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "engine == 'runc'" + std::string(depth, ')');
  };
  EXPECT_TRUE(Holds(nested(32)));
  EXPECT_THAT(ErrorOf(nested(33)), HasSubstr("too many parentheses"));
  std::string negated = "engine == 'runc'";
  for (int i = 0; i < 32; ++i) negated.insert(0, "not ");
  EXPECT_TRUE(Holds(negated));
  EXPECT_THAT(ErrorOf("not " + negated), HasSubstr("too many negations"));
  std::string list = "engine == 'runc'";
  for (int i = 0; i < 40; ++i) list += " and (engine == 'runc') and not engine == 'crun'";
  EXPECT_TRUE(Holds(list));
}

TEST(ConditionTest, NothingHoldsOfAnUnknownFact) {
  EXPECT_FALSE(Holds("host.priv == 'root'"));
  EXPECT_FALSE(Holds("host.priv != 'root'"));
  EXPECT_FALSE(Holds("engine.version < 99"));
  EXPECT_FALSE(Condition::Parse("engine != 'runc'")->Holds({{"engine", ""}}));
}

TEST(ConditionTest, KnowsWhatItMentions) {
  const absl::StatusOr<Condition> condition =
      Condition::Parse("engine == 'x' or not (host.cgroup == 1)");
  ASSERT_TRUE(condition.ok());
  EXPECT_TRUE(condition->Mentions("host.cgroup"));
  EXPECT_FALSE(condition->Mentions("shim.version"));
}

TEST(ConditionTest, ErrorsNameTheColumn) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("column 1 of the condition: expected one of shim.version"));
  EXPECT_THAT(ErrorOf("shim.age < 3"), HasSubstr("column 1 of"));
  EXPECT_THAT(ErrorOf("engine < 'runc'"),
              HasSubstr("column 8 of the condition: engine has no order"));
  EXPECT_THAT(ErrorOf("shim.version ~ '1'"),
              HasSubstr("column 14 of the condition: expected one of"));
  EXPECT_THAT(ErrorOf("engine == runc"), HasSubstr("column 11 of the condition: expected a value"));
  EXPECT_THAT(ErrorOf("engine == 'runc"), HasSubstr("the quote is not closed"));
  EXPECT_THAT(ErrorOf("host.cgroup == 3"),
              HasSubstr("column 16 of the condition: host.cgroup is one of v1, v2"));
  EXPECT_THAT(ErrorOf("shim.version < 'new'"),
              HasSubstr("column 16 of the condition: shim.version is compared with a version"));
  EXPECT_THAT(ErrorOf("shim.version < ''"), HasSubstr("compared with a version such as"));
  EXPECT_THAT(ErrorOf("engine == 'a' engine"), HasSubstr("expected `and`, `or` or the end"));
  EXPECT_THAT(ErrorOf("(engine == 'a'"), HasSubstr("expected `)`"));
  EXPECT_THAT(ErrorOf(std::string(100, '(')), HasSubstr("too many parentheses"));
}

TEST(ConditionTest, NothingBehindTheEndIsRead) {
  const absl::string_view text = "engine == 'runc'";
  EXPECT_THAT(std::string(Condition::Parse(text.substr(0, 10)).status().message()),
              HasSubstr("column 11 of the condition: expected a value"));
  const absl::string_view version = "develx7";
  EXPECT_EQ(CompareVersions(version.substr(0, 5), "0"), 0);
}

TEST(ConditionTest, PreReleasesComeFirst) {
  for (const char* version : {"2.4.0-alpha.1", "2.4.0-beta.1", "2.4.0-rc.1"}) {
    EXPECT_LT(CompareVersions(version, "2.4.0"), 0) << version;
  }
  EXPECT_EQ(CompareVersions("v2.4.0", "2.4"), 0);
  EXPECT_GT(CompareVersions("2.4.0-rc.1", "2.3.9"), 0);
  EXPECT_EQ(CompareVersions("1.6.20~ds1-1+deb12u3", "1.6.20"), 0);
}

TEST(ConditionTest, NothingBehindTheFourthNumberOfAVersionCounts) {
  EXPECT_LT(CompareVersions("1.2.3.4", "1.2.3.5"), 0);
  EXPECT_EQ(CompareVersions("1.2.3.4.5.6.7.8", "1.2.3.4.9"), 0);
  EXPECT_EQ(CompareVersions("1.2.3.4.5-rc.1", "1.2.3.4"), 0);
}

}  // namespace
}  // namespace conformance
