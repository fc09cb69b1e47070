// SPDX-License-Identifier: Apache-2.0
#include "fakes/spec_edit/json_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fakes {
namespace {

using ::testing::HasSubstr;

std::string Edited(const std::string& edit, std::string json) {
  const auto parsed = ParseJsonEdit(edit);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  if (!parsed.ok()) return "";
  const auto changed = ApplyJsonEdit(*parsed, json);
  EXPECT_TRUE(changed.ok()) << changed.status();
  return changed.ok() && *changed ? json : "unchanged";
}

std::string Refusal(const std::string& edit) {
  const auto parsed = ParseJsonEdit(edit);
  return parsed.ok() ? "accepted" : std::string(parsed.status().message());
}

TEST(JsonEditTest, TextsGetLongerByTexts) {
  EXPECT_EQ(Edited("append /args/0 \"#f\"", R"({"args":["/m","x"]})"), R"({"args":["/m#f","x"]})");
  EXPECT_EQ(Edited("append /args/0 \"#f\"", R"({"args":["/m#f"]})"), "unchanged");
  EXPECT_EQ(Edited("append /args/0 1", R"({"args":["/m"]})"), "unchanged");
}

TEST(JsonEditTest, DropTakesMembersAndElements) {
  EXPECT_EQ(Edited("drop /a/b", R"({"a":{"b":1,"c":2}})"), R"({"a":{"c":2}})");
  EXPECT_EQ(Edited("drop /a/0", R"({"a":[1,2]})"), R"({"a":[2]})");
  EXPECT_EQ(Edited("drop /a/*", R"({"a":[1,2]})"), R"({"a":[]})");
  EXPECT_EQ(Edited("drop /*/env", R"([{"env":1},{"x":2}])"), R"([{},{"x":2}])");
  EXPECT_EQ(Edited("drop /a/x", R"({"a":{"b":1}})"), "unchanged");
}

TEST(JsonEditTest, SetReplacesAndMakesTheLastMember) {
  EXPECT_EQ(Edited("set /a {\"x\": [1]}", R"({"a":0})"), R"({"a":{"x":[1]}})");
  EXPECT_EQ(Edited("set /a/new 1", R"({"a":{}})"), R"({"a":{"new":1}})");
  EXPECT_EQ(Edited("set /no/new 1", R"({"a":{}})"), "unchanged");
  EXPECT_EQ(Edited("set /a/*/b 7", R"({"a":[{"b":1},{}]})"), R"({"a":[{"b":7},{"b":7}]})");
  EXPECT_EQ(Edited("set / [3]", "[1,2]"), "[3]");
  EXPECT_EQ(Edited("set /a~1b 2", R"({"a/b":1})"), R"({"a/b":2})");
}

TEST(JsonEditTest, ListsAreChangedAsAWhole) {
  EXPECT_EQ(Edited("reverse /a", R"({"a":[1,2,3]})"), R"({"a":[3,2,1]})");
  EXPECT_EQ(Edited("double /a", R"({"a":[1,2]})"), R"({"a":[1,1,2,2]})");
  EXPECT_EQ(Edited("remove-last /", "[1,2]"), "[1]");
  EXPECT_EQ(Edited("append / 5", "[1]"), "[1,5]");
  EXPECT_EQ(Edited("reverse /a", R"({"a":1})"), "unchanged");
}

TEST(JsonEditTest, MoveAddsListsToListsAndReplacesElse) {
  EXPECT_EQ(Edited("move /a /b", R"({"a":[1],"b":[2]})"), R"({"b":[2,1]})");
  EXPECT_EQ(Edited("move /a /c", R"({"a":[1],"b":[2]})"), R"({"b":[2],"c":[1]})");
  EXPECT_EQ(Edited("move /x /c", R"({"a":[1]})"), "unchanged");
}

TEST(JsonEditTest, WhatIsWrongIsNamed) {
  EXPECT_THAT(Refusal("remove /a"), HasSubstr("'remove': expected drop"));
  EXPECT_THAT(Refusal("drop a"), HasSubstr("'a': expected a JSON pointer"));
  EXPECT_THAT(Refusal("drop /a /b"), HasSubstr("'/b': expected nothing more"));
  EXPECT_THAT(Refusal("set /a x"), HasSubstr("'x': expected a JSON value"));
  EXPECT_THAT(Refusal("move /a"), HasSubstr("'': expected a JSON pointer"));
  std::string text = "{";
  EXPECT_FALSE(ApplyJsonEdit(*ParseJsonEdit("drop /a"), text).ok());
}

}  // namespace
}  // namespace fakes
