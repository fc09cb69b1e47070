// SPDX-License-Identifier: Apache-2.0
#include "fakes/spec_edit/spec_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/spec_edit/hook_wrapper.h"

namespace fakes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kTwoPoints[] =
    R"({"hooks":{"prestart":[{"path":"/p","args":["n","x"]}],"poststop":[{"path":"/q"}],)"
    R"("startContainer":[{"path":"/in"}]}})";

std::string Edited(const std::string& text, std::string json) {
  const auto edit = ParseSpecEdit(text);
  EXPECT_TRUE(edit.ok()) << edit.status();
  if (!edit.ok()) return "";
  const auto changed = ApplySpecEdit(*edit, "/wrapper", json);
  EXPECT_TRUE(changed.ok()) << changed.status();
  return changed.ok() && *changed ? json : "unchanged";
}

std::string Refusal(const std::string& text) {
  const auto edit = ParseSpecEdit(text);
  return edit.ok() ? "accepted" : std::string(edit.status().message());
}

TEST(SpecEditTest, EditsOfJsonAreThoseOfJsonEdit) {
  EXPECT_EQ(Edited("drop /hooks/poststop", R"({"hooks":{"poststop":[]}})"), R"({"hooks":{}})");
  EXPECT_EQ(Edited("drop /root", R"({"hooks":{}})"), "unchanged");
}

TEST(SpecEditTest, TheWrapperComesBeforeTheHooksOfAPoint) {
  const std::string edited = Edited("hooks prestart input drop /pid", kTwoPoints);
  EXPECT_THAT(edited, HasSubstr(R"("prestart":[{"path":"/wrapper","args":)"
                                R"(["hook-wrapper","--hook","input drop /pid","/p","n","x"]}])"));
  EXPECT_THAT(edited, HasSubstr(R"("poststop":[{"path":"/q"}])"));
}

TEST(SpecEditTest, AStarMeansAllPointsButTheContainersOwn) {
  const std::string edited = Edited("hooks * twice", kTwoPoints);
  EXPECT_THAT(edited, HasSubstr(R"(["hook-wrapper","--hook","twice","/p","n","x"])"));
  EXPECT_THAT(edited, HasSubstr(R"(["hook-wrapper","--hook","twice","/q","/q"])"));
  EXPECT_THAT(edited, HasSubstr(R"("startContainer":[{"path":"/in"}])"));
}

TEST(SpecEditTest, WhereThereIsNoHookNothingChanges) {
  EXPECT_EQ(Edited("hooks poststart twice", kTwoPoints), "unchanged");
  EXPECT_EQ(Edited("hooks * twice", R"({"process":{}})"), "unchanged");
  EXPECT_EQ(Edited("hooks * twice", R"({"hooks":{"prestart":[{}]}})"), "unchanged");
}

TEST(SpecEditTest, WhatIsNoJsonIsAnError) {
  std::string text = "{";
  EXPECT_FALSE(ApplySpecEdit(*ParseSpecEdit("hooks * twice"), "/w", text).ok());
  EXPECT_EQ(text, "{");
}

TEST(SpecEditTest, RefusalsSayWhatIsExpected) {
  EXPECT_THAT(Refusal("hooks createRuntmie twice"), HasSubstr("'createRuntmie': expected *"));
  EXPECT_THAT(Refusal("hooks prestart thrice"), HasSubstr("'thrice': expected ignore-failure"));
  EXPECT_THAT(Refusal("hooks startContainer twice"), HasSubstr("'startContainer': expected"));
  EXPECT_THAT(Refusal("twist /hooks"), HasSubstr("'twist'"));
}

TEST(HookWrapperTest, ItsArgumentsNameTheHookAndItsOwn) {
  EXPECT_THAT(WrappedHook("twice", "/h", {"name", "x"}),
              ElementsAre("hook-wrapper", "--hook", "twice", "/h", "name", "x"));
  EXPECT_THAT(WrappedHook("twice", "/h", {}),
              ElementsAre("hook-wrapper", "--hook", "twice", "/h", "/h"));
}

}  // namespace
}  // namespace fakes
