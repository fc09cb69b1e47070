// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/wire_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "fakes/fault/known_fault.h"
#include "fakes/wire/rule_check.h"

namespace fakes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

WireRule Parsed(const std::string& text) {
  const auto rule = ParseWireRule(text);
  EXPECT_TRUE(rule.ok()) << rule.status();
  return rule.value_or(WireRule());
}

std::string Refusal(const std::string& text) {
  const auto rule = ParseWireRule(text);
  if (!rule.ok()) return std::string(rule.status().message());
  const absl::Status status = CheckWireRule(*rule);
  return status.ok() ? "accepted" : std::string(status.message());
}

TEST(WireRuleTest, AssignmentsAndConditions) {
  const WireRule rule =
      Parsed(R"(reply State where exec_id!="" and pid>4 set pid=0 exit_status+=1)");
  EXPECT_EQ(rule.side, WireSide::kReply);
  EXPECT_EQ(rule.name, "State");
  EXPECT_EQ(rule.act, WireAct::kSet);
  ASSERT_EQ(rule.where.size(), 2u);
  EXPECT_EQ(rule.where[0].field, "exec_id");
  EXPECT_EQ(rule.where[0].op, WireCondition::Op::kNotEqual);
  EXPECT_EQ(rule.where[0].value, "");
  EXPECT_EQ(rule.where[1].op, WireCondition::Op::kMore);
  ASSERT_EQ(rule.assignments.size(), 2u);
  EXPECT_EQ(rule.assignments[0].value, "0");
  EXPECT_EQ(rule.assignments[1].field, "exit_status");
  EXPECT_EQ(rule.assignments[1].op, WireAssignment::Op::kAdd);
}

TEST(WireRuleTest, CodesOccurrencesAndPredecessors) {
  const WireRule failing = Parsed("reply Create when ALREADY_EXISTS nth 2 fail NOT_FOUND no such");
  ASSERT_EQ(failing.where.size(), 1u);
  EXPECT_EQ(failing.where[0].field, "code");
  EXPECT_EQ(failing.where[0].value, "6");
  EXPECT_EQ(failing.first, 2u);
  EXPECT_EQ(failing.last, 2u);
  EXPECT_EQ(failing.number, 5);
  EXPECT_EQ(failing.text, "no such");

  const WireRule after = Parsed("request Kill after reply Pause once empty");
  EXPECT_EQ(after.after, "Pause");
  EXPECT_EQ(after.after_side, WireSide::kReply);
  EXPECT_EQ(after.last, 1u);

  const WireRule held = Parsed("event /tasks/start hold until event /tasks/exit");
  EXPECT_EQ(held.target_side, WireSide::kEvent);
  EXPECT_EQ(held.target, "/tasks/exit");
}

TEST(WireRuleTest, QuotesShiftsAndCommands) {
  EXPECT_EQ(Parsed(R"(start print-before "a b\n")").text, "a b\n");
  EXPECT_EQ(Parsed("reply * stream -2").number, -2);
  EXPECT_TRUE(Parsed("reply * stream =7").absolute);
  const WireRule file = Parsed("start write-file address unix:///nowhere");
  EXPECT_EQ(file.target, "address");
  EXPECT_EQ(file.text, "unix:///nowhere");
  EXPECT_THAT(Parsed("event /tasks/exit clear id exited_at").fields,
              ElementsAre("id", "exited_at"));
}

TEST(WireRuleTest, RefusalsSayWhatIsExpected) {
  EXPECT_THAT(Refusal(""), HasSubstr("a side is expected"));
  EXPECT_THAT(Refusal("answer State drop"), HasSubstr("'answer' is none of request, reply, event"));
  EXPECT_THAT(Refusal("event exit drop"), HasSubstr("'exit' is no topic"));
  EXPECT_THAT(Refusal("reply /x drop"), HasSubstr("'/x' is no method"));
  EXPECT_THAT(Refusal("event /tasks/exit swap"),
              HasSubstr("'swap' is nothing that can be done to a event; there are: set"));
  EXPECT_THAT(Refusal("reply State set"), HasSubstr("FIELD=VALUE is expected at the end"));
  EXPECT_THAT(Refusal("reply State set pid"), HasSubstr("'pid' is not FIELD=VALUE"));
  EXPECT_THAT(Refusal("reply State drop now"), HasSubstr("nothing may follow, but 'now'"));
  EXPECT_THAT(Refusal("reply State fail LOST"), HasSubstr("'LOST' is no code"));
  EXPECT_THAT(Refusal("reply State when"), HasSubstr("a code is expected"));
  EXPECT_THAT(Refusal("request State when UNKNOWN drop"), HasSubstr("'when CODE' is for replies"));
  EXPECT_THAT(Refusal("reply State nth 0 drop"), HasSubstr("'0' is no count from 1 on"));
  EXPECT_THAT(Refusal("reply State where pid drop"), HasSubstr("none of FIELD=VALUE"));
  EXPECT_THAT(Refusal("reply State delay soon"), HasSubstr("'soon' is no number"));
  EXPECT_THAT(Refusal("reply State stream 2"), HasSubstr("'2' is not +N, -N or =N"));
  EXPECT_THAT(Refusal("start remove-file ../x"), HasSubstr("'../x' is no file name"));
  EXPECT_THAT(Refusal("start print \"x"), HasSubstr("a closing quote is missing"));
  EXPECT_THAT(Refusal("reply Start hold until start x"), HasSubstr("can be waited for"));
}

TEST(WireRuleTest, FieldsHaveToExist) {
  EXPECT_THAT(Refusal("reply State set pdi=1"),
              HasSubstr("field 'pdi': containerd.task.v3.StateResponse has no such"));
  EXPECT_THAT(Refusal("event /tasks/exit clear exec_id"), HasSubstr("TaskExit has no such"));
  EXPECT_THAT(Refusal("reply Pids set processes.pid=1"), HasSubstr("a list, which needs an index"));
  EXPECT_THAT(Refusal("reply State set pid[0]=1"), HasSubstr("no list"));
  EXPECT_THAT(Refusal("reply State also Nap"), HasSubstr("Task has no method 'Nap'"));
  EXPECT_THAT(Refusal("start set pid=1"), HasSubstr("none of version, address"));
  EXPECT_THAT(Refusal("request Create spec hooks prestart dance"), HasSubstr("'dance': expected"));
  EXPECT_THAT(Refusal("request Create spec turn /hooks"), HasSubstr("'turn'"));
  EXPECT_THAT(Refusal("request Start spec drop /hooks"), HasSubstr("it alone has a bundle"));
  EXPECT_THAT(Refusal("delete set pdi=1"), HasSubstr("DeleteResponse has no such"));
  // What a reply lacks its request has; an Any may hold anything; foreign methods are unknown.
  EXPECT_EQ(Refusal("reply Wait where exec_id=e1 drop"), "accepted");
  EXPECT_EQ(Refusal("reply Stats set stats.memory.usage.usage=1"), "accepted");
  EXPECT_EQ(Refusal("reply Nap where x=1 drop"), "accepted");
}

TEST(WireRuleTest, AllKnownFaultsAreInTheLanguage) {
  for (const KnownFault& fault : WireFaults()) {
    for (const std::string& rule : fault.rules) EXPECT_EQ(Refusal(rule), "accepted") << fault.name;
  }
}

TEST(WireActTest, EachIsDescribedOnceAndInTheReadme) {
  std::ifstream file(SHIMGAUGE_WIRE_README);
  std::stringstream readme;
  readme << file.rdbuf();
  std::set<WireAct> acts;
  for (const WireActInfo& info : WireActs()) {
    EXPECT_TRUE(acts.insert(info.act).second) << info.name;
    EXPECT_EQ(&InfoOf(info.act), &info);
    EXPECT_THAT(readme.str(), HasSubstr("| `" + std::string(info.name))) << "in README.md";
    EXPECT_THAT(readme.str(), HasSubstr(std::string(info.summary))) << info.name;
  }
  EXPECT_EQ(acts.size(), static_cast<std::size_t>(WireAct::kNoInput) + 1);
}

}  // namespace
}  // namespace fakes
