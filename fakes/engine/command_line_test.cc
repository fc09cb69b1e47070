// SPDX-License-Identifier: Apache-2.0
#include "fakes/engine/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fakes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<FlagSpec>& Specs() {
  static const std::vector<FlagSpec> specs = {
      {"all", "a", false}, {"bundle", "b", true}, {"env", "e", true}};
  return specs;
}

std::string ErrorOf(const std::vector<std::string>& words) {
  return std::string(ParseFlags(Specs(), words).status().message());
}

TEST(CommandLineTest, FlagsComeInEveryForm) {
  const auto parsed =
      ParseFlags(Specs(), {"-a", "--bundle", "B", "--env=A=1", "-e", "B", "id", "--all"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_TRUE(parsed->flags.Has("all"));
  EXPECT_EQ(parsed->flags.Last("bundle"), "B");
  EXPECT_THAT(parsed->flags.All("env"), ElementsAre("A=1", "B"));
  EXPECT_THAT(parsed->rest, ElementsAre("id", "--all")) << "flags end at the first word";
}

TEST(CommandLineTest, TwoDashesEndTheFlagsAndOneIsAWord) {
  EXPECT_THAT(ParseFlags(Specs(), {"--", "-a"})->rest, ElementsAre("-a"));
  EXPECT_THAT(ParseFlags(Specs(), {"-", "-a"})->rest, ElementsAre("-", "-a"));
}

TEST(CommandLineTest, ErrorsNameTheFlag) {
  EXPECT_THAT(ErrorOf({"--nope"}), HasSubstr("not defined: -nope"));
  EXPECT_THAT(ErrorOf({"--bundle"}), HasSubstr("needs an argument: -bundle"));
  EXPECT_THAT(ErrorOf({"--all=maybe"}), HasSubstr("invalid boolean value \"maybe\" for -all"));
}

TEST(CommandLineTest, CountsAreNumbers) {
  Flags flags;
  EXPECT_EQ(*flags.Count("bundle"), 0U);
  flags.Add("bundle", "3");
  EXPECT_EQ(*flags.Count("bundle"), 3U);
  flags.Add("bundle", "x");
  EXPECT_THAT(flags.Count("bundle").status().message(), HasSubstr("\"x\" for flag -bundle"));
}

TEST(CommandLineTest, FalseIsAsIfNotGiven) {
  EXPECT_FALSE(ParseFlags(Specs(), {"--all=false"})->flags.Has("all"));
}

}  // namespace
}  // namespace fakes
