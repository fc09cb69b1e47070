// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/command_facts.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "containerd/bootstrap.h"
#include "fakes/fault/fault_request.h"
#include "fakes/fault/known_fault.h"
#include "fakes/wire/rule_book.h"

namespace fakes {
namespace {

TEST(CommandFactsTest, TellOfTheCommandLine) {
  CommandFacts facts;
  AddLineFacts({"--id", "c1", "start"}, facts);
  EXPECT_EQ(facts["line"], "--id c1 start");
  EXPECT_EQ(facts["dashes"], "2");
  AddLineFacts({"-id", "c1", "start"}, facts);
  EXPECT_EQ(facts["dashes"], "1");
}

TEST(CommandFactsTest, TellOfTheInput) {
  CommandFacts facts = {{"id", "c1"}, {"namespace", "ns"}};
  AddInputFacts("", facts);
  EXPECT_EQ(facts["input"], "false");
  EXPECT_EQ(facts["form"], "empty");
  AddInputFacts("\xff\xff", facts);
  EXPECT_EQ(facts["form"], "unknown");
  EXPECT_EQ(facts["input-size"], "2");
  AddInputFacts(containerd::EncodeBootstrapParams({.id = "c1",
                                                   .name_space = "ns",
                                                   .log_level = -8,
                                                   .containerd_version = "2.4.0",
                                                   .socket_dir = "/run/x"}),
                facts);
  EXPECT_EQ(facts["form"], "params");
  EXPECT_EQ(facts["params.log_level"], "-8");
  EXPECT_EQ(facts["params.containerd_version"], "2.4.0");
  EXPECT_EQ(facts["params.socket_dir"], "/run/x");
  EXPECT_EQ(facts["params.extensions"], "0");
}

TEST(CommandFactsTest, OthersAreLookedUp) {
  ::setenv("WIRE_FACT", "there", 1);
  EXPECT_EQ(LookUp("env.WIRE_FACT"), "there");
  EXPECT_EQ(LookUp("env.WIRE_FACT_ABSENT"), "");
  EXPECT_NE(LookUp("file./proc/self/stat"), "");
  EXPECT_EQ(LookUp("file./no/such"), "");
  EXPECT_EQ(LookUp("debug"), "");
}

TEST(CommandFactsTest, ConditionsAskForThem) {
  const KnownFault fault = {.name = "test", .what = "made by a test"};
  FaultRequest request;
  request.fault = &fault;
  request.rules = {"start where line~-no-such exit 1", "start where #id>3 exit 2",
                   "start where env.WIRE_FACT_ABSENT=\"\" exit 3"};
  RuleBook book = RuleBook::Make(request).value();
  const auto codes = [&book](const CommandFacts& facts) {
    std::string text;
    for (const WireRule* rule : book.FireCommand(WireSide::kStart, facts)) {
      text += std::to_string(rule->number);
    }
    return text;
  };
  EXPECT_EQ(codes({{"line", "-id c1 start"}, {"id", "c1"}}), "3");
  EXPECT_EQ(codes({{"line", "-id c123 -no-such start"}, {"id", "c123"}}), "123");
}

}  // namespace
}  // namespace fakes
