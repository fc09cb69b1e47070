// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/fault_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fakes {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<std::vector<FaultRule>> Parse(const std::string& json) {
  return ParseFaultRules(json, FaultSeam::kEngine, "/x/faults.json");
}

std::string RuleError(const std::string& rule) {
  return std::string(Parse(R"({"schema":1,"rules":[)" + rule + "]}").status().message());
}

TEST(FaultRuleTest, ReadsEveryMember) {
  const auto rules = Parse(R"({"schema": 1, "rules": [
      {"fault": "slow", "verb": "start", "container": "c", "occurrence": 3, "point": "middle",
       "until": "/run/gate", "id": "mine"},
      {"fault": "fail", "code": 7, "message": "no"},
      {"fault": "die", "verb": "exec", "signal": 6, "point": "after"},
      {"fault": "flood", "bytes": 9, "occurrence": 0}]})");
  ASSERT_TRUE(rules.ok()) << rules.status();
  ASSERT_EQ(rules->size(), 4U);
  EXPECT_EQ((*rules)[0], (FaultRule{.verb = "start",
                                    .fault = Fault::kSlow,
                                    .container = "c",
                                    .occurrence = 3,
                                    .point = FaultPoint::kMiddle,
                                    .until = "/run/gate",
                                    .id = "mine"}));
  EXPECT_EQ((*rules)[1],
            (FaultRule{.fault = Fault::kFail, .code = 7, .message = "no", .id = "rule-2"}));
  EXPECT_EQ((*rules)[2].signal, 6);
  EXPECT_EQ((*rules)[2].point, FaultPoint::kAfter);
  EXPECT_EQ((*rules)[3].bytes, 9U);
  EXPECT_EQ((*rules)[3].occurrence, 0U);
}

TEST(FaultRuleTest, WhatIsWrittenReadsBackEqual) {
  for (const FaultSeam seam : {FaultSeam::kEngine, FaultSeam::kHypervisor, FaultSeam::kAgent}) {
    std::vector<FaultRule> rules;
    for (const FaultInfo& info : AllFaults()) {
      if (info.seam != seam) continue;
      FaultRule rule{.fault = info.fault, .container = "c\"1", .id = std::string(info.name)};
      if (info.fault == Fault::kSlow) rule.ms = 5;
      if (info.fault == Fault::kRefuse) rule.code = seam == FaultSeam::kAgent ? 5 : 500;
      if (info.fault == Fault::kOddStatus) rule.message = "-1";
      rules.push_back(rule);
    }
    const absl::StatusOr<std::string> text = FormatFaultRules(rules, seam);
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_EQ(*ParseFaultRules(*text, seam, "f"), rules);
  }
}

TEST(FaultRuleTest, EachSeamHasItsOwnFaults) {
  EXPECT_THAT(RuleError(R"({"fault":"drip"})"), HasSubstr("\"drip\" is none of slow"));
  const auto at_hypervisor = [](const std::string& rule) {
    return std::string(
        ParseFaultRules(R"({"schema":1,"rules":[)" + rule + "]}", FaultSeam::kHypervisor, "f")
            .status()
            .message());
  };
  EXPECT_EQ(at_hypervisor(R"({"fault":"drip","verb":"vm.info","ms":100})"), "");
  EXPECT_THAT(at_hypervisor(R"({"fault":"drip","until":"/g"})"), HasSubstr("by ms"));
  EXPECT_THAT(at_hypervisor(R"({"fault":"refuse","code":200})"), HasSubstr("from 400 to 599"));
  EXPECT_THAT(at_hypervisor(R"({"fault":"fail","code":256})"), HasSubstr("from 0 to 255"));
  EXPECT_THAT(at_hypervisor(R"({"fault":"odd-bdf","verb":"vm.boot"})"), HasSubstr("fits vm.add-"));
  const auto at_agent = [](const std::string& rule) {
    return std::string(
        ParseFaultRules(R"({"schema":1,"rules":[)" + rule + "]}", FaultSeam::kAgent, "f")
            .status()
            .message());
  };
  EXPECT_EQ(at_agent(R"({"fault":"odd-status","message":"-1"})"), "");
  EXPECT_THAT(at_agent(R"({"fault":"odd-status"})"), HasSubstr("no number"));
  EXPECT_THAT(at_agent(R"({"fault":"refuse","code":17})"), HasSubstr("from 1 to 16"));
  EXPECT_THAT(at_agent(R"({"fault":"short","verb":"Check"})"), HasSubstr("fits WriteStdin"));
  EXPECT_FALSE(FormatFaultRules({{.fault = Fault::kReset}}, FaultSeam::kEngine).ok());
}

TEST(FaultRuleTest, ErrorsNameFilePlaceAndWhatIsExpected) {
  EXPECT_THAT(RuleError(R"({"fault":"fail","verb":"strat"})"),
              ::testing::AllOf(HasSubstr("/x/faults.json: rules[0].verb: "), HasSubstr("strat"),
                               HasSubstr("create, start, exec")));
  EXPECT_THAT(RuleError(R"({"fault":"fial"})"), HasSubstr("rules[0].fault: \"fial\" is none of"));
  EXPECT_THAT(RuleError(R"({"fault":"fail"},{"verb":"start"})"),
              HasSubstr("rules[1]: no member \"fault\""));
  EXPECT_THAT(RuleError(R"({"fault":"fail","cdoe":1})"),
              HasSubstr("rules[0].cdoe: no such member"));
  EXPECT_THAT(RuleError(R"({"fault":"fail","code":256})"), HasSubstr("rules[0].code: "));
  EXPECT_THAT(RuleError(R"({"fault":"fail","point":"late"})"), HasSubstr("rules[0].point: "));
  EXPECT_THAT(RuleError(R"({"fault":"hang","code":1})"), HasSubstr("\"hang\" has no code"));
  EXPECT_THAT(Parse("{\n\"schema\" 1}").status().message(), HasSubstr("line 2, column "));
  EXPECT_THAT(Parse(R"({"rules":[]})").status().message(), HasSubstr("schema: missing"));
  EXPECT_THAT(Parse(R"({"schema":2})").status().message(), HasSubstr("schema 1"));
  EXPECT_THAT(Parse(R"({"schema":1,"rule":[]})").status().message(),
              HasSubstr("rule: no such member"));
}

TEST(FaultRuleTest, RulesThatMakeNoSenseAreRefused) {
  EXPECT_THAT(RuleError(R"({"fault":"no-pid-file","verb":"kill"})"),
              HasSubstr("fits create and exec only"));
  EXPECT_THAT(RuleError(R"({"fault":"hang","point":"middle"})"), HasSubstr("needs a verb"));
  EXPECT_THAT(RuleError(R"({"fault":"hang","verb":"kill","point":"middle"})"),
              HasSubstr("has no middle"));
  EXPECT_THAT(RuleError(R"({"fault":"slow"})"), HasSubstr("either until or ms"));
  EXPECT_THAT(RuleError(R"({"fault":"slow","ms":1,"until":"/x"})"),
              HasSubstr("either until or ms"));
  EXPECT_THAT(RuleError(R"({"fault":"slow","until":"x"})"), HasSubstr("absolute"));
  EXPECT_THAT(RuleError(R"({"fault":"die","signal":0})"), HasSubstr("1 to 64"));
  EXPECT_THAT(RuleError(R"({"fault":"fail","id":"a"},{"fault":"fail","id":"a"})"),
              HasSubstr("occurs twice"));
  EXPECT_FALSE(FormatFaultRules({{.verb = "nope"}}, FaultSeam::kEngine).ok());
}

}  // namespace
}  // namespace fakes
