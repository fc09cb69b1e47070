// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_engine/engine_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fakes {
namespace {

using ::testing::ElementsAre;
using ::testing::Pointee;
using Words = std::vector<std::string>;

EngineWords Parsed(const Words& words) {
  auto parsed = ParseEngineWords(words);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? *parsed : EngineWords();
}

TEST(EngineWordsTest, LinesComeBackAsTheyWere) {
  for (const Words& words : {
           Words{"--root", "/r", "--log", "/l", "--systemd-cgroup", "create", "--bundle", "/b",
                 "--pid-file", "/p", "c"},
           Words{"exec", "--process", "/p", "--detach", "-e", "A=1", "c", "sh", "-c", "exit"},
           Words{"kill", "--all", "c", "9"},
           Words{"delete", "-f", "c"},
           Words{"--version"},
       }) {
    EXPECT_EQ(Parsed(words).Format(), words);
  }
}

TEST(EngineWordsTest, ValuesAreFoundInBothForms) {
  EngineWords words = Parsed({"--log=/l", "ps", "-f", "json", "c"});
  EXPECT_EQ(words.verb, "ps");
  EXPECT_THAT(words.Find("log"), Pointee(std::string("/l")));
  EXPECT_THAT(words.Find("f"), Pointee(std::string("json")));
  EXPECT_EQ(words.Find("root"), nullptr);
  EXPECT_THAT(words.arguments, ElementsAre("c"));
}

TEST(EngineWordsTest, OptionsAreDroppedReplacedAndAdded) {
  EngineWords words = Parsed({"--root", "/r", "kill", "--all", "c", "9"});
  EXPECT_TRUE(words.Drop("all"));
  EXPECT_FALSE(words.Drop("all"));
  words.Set("root", "/other");
  words.Set("force", std::nullopt);
  EXPECT_THAT(words.Format(), ElementsAre("--root", "/other", "kill", "--force", "c", "9"));
}

TEST(EngineWordsTest, AMissingValueIsAnError) {
  EXPECT_FALSE(ParseEngineWords({"create", "--bundle"}).ok());
  EXPECT_FALSE(ParseEngineWords({"--root"}).ok());
}

}  // namespace
}  // namespace fakes
