// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/names.h"

#include <gtest/gtest.h>

#include "conformance/harness/check_run.h"

namespace conformance {
namespace {

TEST(NamesTest, EveryVerdictAndLevelReadsBack) {
  for (const Verdict verdict :
       {Verdict::kPass, Verdict::kFail, Verdict::kCrash, Verdict::kHang, Verdict::kLeak,
        Verdict::kError, Verdict::kSkip, Verdict::kNotRun}) {
    EXPECT_EQ(ParseVerdict(VerdictName(verdict)), verdict);
  }
  for (const Level level : {Level::kMust, Level::kShould, Level::kMay}) {
    EXPECT_EQ(ParseLevel(LevelName(level)), level);
  }
  EXPECT_EQ(ParseVerdict("passed"), std::nullopt);
  EXPECT_EQ(ParseLevel("MUST"), std::nullopt);
}

TEST(NamesTest, OnlyTheClosedVocabularyIsAWhyCode) {
  EXPECT_TRUE(IsWhyCode("event.missing"));
  EXPECT_TRUE(IsWhyCode("left.cgroup"));
  EXPECT_FALSE(IsWhyCode("event.lost"));
  EXPECT_FALSE(IsWhyCode(""));
}

TEST(NamesTest, TheAreaIsThePartBeforeTheSlash) {
  EXPECT_EQ(AreaOf("socket-reuse/one-daemon"), "socket-reuse");
  EXPECT_EQ(AreaOf("events"), "events");
}

TEST(NamesTest, LanesHaveDistinctNames) {
  EXPECT_EQ(LaneName(HistoryEntry::Lane::kRpc), "rpc");
  EXPECT_EQ(LaneName(HistoryEntry::Lane::kLog), "log");
}

TEST(GlobTest, PlainTextMatchesItselfOnly) {
  EXPECT_TRUE(GlobMatches("events/exit", "events/exit"));
  EXPECT_FALSE(GlobMatches("events/exit", "events/exits"));
  EXPECT_FALSE(GlobMatches("events/exits", "events/exit"));
  EXPECT_TRUE(GlobMatches("", ""));
  EXPECT_FALSE(GlobMatches("", "x"));
}

TEST(GlobTest, StarsMatchAnyRunAndQuestionMarksOne) {
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("events/*", "events/a/b"));
  EXPECT_TRUE(GlobMatches("*exit*", "events/exit-after-start"));
  EXPECT_TRUE(GlobMatches("*-start", "events/exit-after-start"));
  EXPECT_FALSE(GlobMatches("*-start", "events/exit-after-start-2"));
  EXPECT_TRUE(GlobMatches("a?c", "abc"));
  EXPECT_FALSE(GlobMatches("a?c", "ac"));
}

TEST(GlobTest, AStarMayHaveToGiveBack) {
  EXPECT_TRUE(GlobMatches("*ab*ab", "abxabab"));
  EXPECT_TRUE(GlobMatches("a*b*c", "aXbXbXc"));
  EXPECT_FALSE(GlobMatches("a*b*c", "aXcXb"));
}

TEST(GlobTest, ManyStarsTakeNoExponentialTime) {
  const std::string text(2000, 'a');
  EXPECT_FALSE(GlobMatches("*a*a*a*a*a*a*a*a*a*a*b", text));
}

}  // namespace
}  // namespace conformance
