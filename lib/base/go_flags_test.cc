// SPDX-License-Identifier: Apache-2.0
#include "base/go_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::vector<GoFlagSpec> Specs() {
  return {{"id", false, "id of the task"},
          {"namespace", false, "namespace"},
          {"debug", true, "more logs"}};
}

GoFlags Parsed(const std::vector<std::string>& args) {
  const auto flags = ParseGoFlags(Specs(), args);
  EXPECT_TRUE(flags.ok()) << flags.status();
  return flags.value_or(GoFlags{});
}

std::string Refusal(const std::vector<std::string>& args) {
  const auto flags = ParseGoFlags(Specs(), args);
  if (flags.ok()) return "accepted";
  EXPECT_EQ(flags.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(flags.status().message());
}

TEST(GoFlagsTest, OneOrTwoDashesAndEqualsMeanTheSame) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"-id", "c1", "start"},
                                             {"--id", "c1", "start"},
                                             {"-id=c1", "start"},
                                             {"--id=c1", "start"}}) {
    const GoFlags flags = Parsed(args);
    EXPECT_THAT(flags.values, UnorderedElementsAre(Pair("id", "c1"))) << args[0];
    EXPECT_THAT(flags.positional, ElementsAre("start")) << args[0];
  }
}

TEST(GoFlagsTest, NoArgumentsIsNothing) {
  EXPECT_THAT(Parsed({}).values, IsEmpty());
  EXPECT_THAT(Parsed({}).positional, IsEmpty());
}

TEST(GoFlagsTest, TheLastOneWins) {
  EXPECT_EQ(Parsed({"-id", "a", "-id=b"}).values["id"], "b");
  EXPECT_EQ(Parsed({"-debug", "-debug=false"}).values["debug"], "false");
}

TEST(GoFlagsTest, AValueMayBeEmptyOrHoldEqualsOrStartWithADash) {
  EXPECT_EQ(Parsed({"-id="}).values["id"], "");
  EXPECT_EQ(Parsed({"-id", ""}).values["id"], "");
  EXPECT_EQ(Parsed({"-id=a=b"}).values["id"], "a=b");
  EXPECT_EQ(Parsed({"-id", "-debug"}).values["id"], "-debug");
  EXPECT_EQ(Parsed({"-id", "--"}).values["id"], "--");
}

TEST(GoFlagsTest, ABoolNeverTakesTheNextWord) {
  const GoFlags flags = Parsed({"-debug", "false", "-id", "c1"});
  EXPECT_EQ(flags.values.at("debug"), "true");
  EXPECT_THAT(flags.positional, ElementsAre("false", "-id", "c1"));
}

TEST(GoFlagsTest, BoolSpellingsAreStrconvs) {
  for (const std::string yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    EXPECT_EQ(Parsed({"-debug=" + yes}).values["debug"], "true") << yes;
  }
  for (const std::string no : {"0", "f", "F", "false", "FALSE", "False"}) {
    EXPECT_EQ(Parsed({"-debug=" + no}).values["debug"], "false") << no;
  }
  for (const std::string bad : {"yes", "no", "", "tRUE", "2"}) {
    EXPECT_EQ(Refusal({"-debug=" + bad}), "invalid boolean value \"" + bad + "\" for -debug");
  }
}

TEST(GoFlagsTest, FlagsEndAtTheFirstPlainWord) {
  const GoFlags flags = Parsed({"-id", "c1", "delete", "-debug", "-nope"});
  EXPECT_EQ(flags.values.count("debug"), 0U);
  EXPECT_THAT(flags.positional, ElementsAre("delete", "-debug", "-nope"));
}

TEST(GoFlagsTest, TwoDashesAloneEndTheFlagsAndVanish) {
  EXPECT_THAT(Parsed({"-debug", "--", "-id"}).positional, ElementsAre("-id"));
}

TEST(GoFlagsTest, OneDashAloneAndTheEmptyWordArePlain) {
  EXPECT_THAT(Parsed({"-", "-debug"}).positional, ElementsAre("-", "-debug"));
  EXPECT_THAT(Parsed({"", "-debug"}).positional, ElementsAre("", "-debug"));
}

TEST(GoFlagsTest, RefusalsNameTheWord) {
  EXPECT_EQ(Refusal({"-nope"}), "flag provided but not defined: -nope");
  EXPECT_EQ(Refusal({"--nope=1"}), "flag provided but not defined: -nope");
  EXPECT_EQ(Refusal({"-debug", "-id"}), "flag needs an argument: -id");
  EXPECT_EQ(Refusal({"---id"}), "bad flag syntax: ---id");
  EXPECT_EQ(Refusal({"-=x"}), "bad flag syntax: -=x");
  EXPECT_EQ(Refusal({"--=x"}), "bad flag syntax: --=x");
  EXPECT_EQ(Refusal({"-h"}), "flag: help requested");
  EXPECT_EQ(Refusal({"--help"}), "flag: help requested");
}

TEST(GoFlagsTest, NamesAreNeverPrefixesNorClusters) {
  EXPECT_EQ(Refusal({"-i", "c1"}), "flag provided but not defined: -i");
  EXPECT_EQ(Refusal({"-idc1"}), "flag provided but not defined: -idc1");
}

TEST(GoFlagsTest, UsageHasOneLinePerFlag) {
  EXPECT_EQ(GoFlagsUsage(Specs()),
            "  -id string         id of the task\n"
            "  -namespace string  namespace\n"
            "  -debug             more logs\n");
}

}  // namespace
}  // namespace base
