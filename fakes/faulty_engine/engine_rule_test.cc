// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_engine/engine_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fault/known_fault.h"

namespace fakes {
namespace {

using ::testing::HasSubstr;
using Kind = EngineRule::Kind;

EngineRule Parsed(const std::string& line) {
  auto rule = ParseEngineRule(line);
  EXPECT_TRUE(rule.ok()) << rule.status();
  return rule.ok() ? *rule : EngineRule();
}

std::string Refusal(const std::string& line) {
  const auto rule = ParseEngineRule(line);
  return rule.ok() ? "accepted" : std::string(rule.status().message());
}

TEST(EngineRuleTest, EditsOfDocumentsAndOfOptions) {
  EXPECT_EQ(Parsed("create set /process/cwd \"/a b\"").edit.value, "\"/a b\"");
  EXPECT_EQ(Parsed("kill drop --all").name, "all");
  const EngineRule set = Parsed("create set --root /x");
  EXPECT_EQ(set.kind, Kind::kSetOption);
  EXPECT_EQ(set.name, "root");
  EXPECT_EQ(set.value, "/x");
}

TEST(EngineRuleTest, ActionsTakeTheirWords) {
  const EngineRule fail = Parsed("start fail 3 no luck at all");
  EXPECT_EQ(fail.number, 3);
  EXPECT_EQ(fail.value, "no luck at all");
  EXPECT_EQ(Parsed("create then exit 1 # x").value, "exit 1 # x");
  EXPECT_EQ(Parsed("kill signal * 9").name, "*");
  EXPECT_EQ(Parsed("create swap 1 2").other, 2);
  EXPECT_EQ(Parsed("create open 3").number, 3);
  EXPECT_EQ(Parsed("create pid-file").value, "");
  EXPECT_EQ(Parsed("create hooks * insist-on-input").hooks.action, "insist-on-input");
  EXPECT_EQ(Parsed("create hooks poststop cut-input 10").hooks.action, "cut-input 10");
}

TEST(EngineRuleTest, WhatIsWrongIsNamedWithItsLine) {
  EXPECT_THAT(Refusal("run skip"), HasSubstr("rule \"run skip\": 'run': expected a verb"));
  EXPECT_THAT(Refusal("start jump"), HasSubstr("'jump': expected drop, set"));
  EXPECT_THAT(Refusal("start skip it"), HasSubstr("'it': expected nothing more"));
  EXPECT_THAT(Refusal("start exit x"), HasSubstr("'x': expected a number from 0 to 255"));
  EXPECT_THAT(Refusal("create swap 1 3"), HasSubstr("'3': expected a number from 0 to 2"));
  EXPECT_THAT(Refusal("start signal 1 2"), HasSubstr("'start': expected kill"));
  EXPECT_THAT(Refusal("create hooks startContainer skip"), HasSubstr("'startContainer'"));
  EXPECT_THAT(Refusal("create hooks * dance"), HasSubstr("'dance': expected ignore-failure"));
  EXPECT_THAT(Refusal("create hooks * input turn /x"), HasSubstr("'turn': expected drop"));
  EXPECT_THAT(Refusal("start then"), HasSubstr("expected a shell command"));
}

TEST(EngineRuleTest, EveryKnownFaultOfTheEngineParses) {
  for (const KnownFault& fault : EngineFaults()) {
    for (const std::string& line : fault.rules) {
      EXPECT_TRUE(ParseEngineRule(line).ok()) << fault.name << ": " << Refusal(line);
    }
  }
}

}  // namespace
}  // namespace fakes
