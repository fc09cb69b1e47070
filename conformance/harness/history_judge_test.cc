// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/history_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr std::uint32_t kPid = 42;
constexpr std::int64_t kEndTime = 1'700'000'000'000'000'000;

// Stories written as a shim lives them: calls with their outcomes and events in order of arrival.
class StoryBuilder {
 public:
  StoryBuilder() { story_.namespaces = {"ns"}; }

  CallFact& Call(const std::string& method, const std::string& exec = "",
                 absl::StatusCode code = absl::StatusCode::kOk) {
    CallFact& call = story_.calls.emplace_back();
    call.method = method;
    call.process = {"c1", exec};
    call.sent_us = ++now_us_;
    call.replied_us = ++now_us_;
    call.code = code;
    return call;
  }
  CallFact& Pid(const std::string& method, const std::string& exec = "") {
    CallFact& call = Call(method, exec);
    call.pid = kPid;
    return call;
  }
  CallFact& Ended(const std::string& method, const std::string& exec = "") {
    CallFact& call = Call(method, exec);
    call.exit_status = 7;
    call.exited_at_ns = kEndTime;
    return call;
  }
  Event& Says(const std::string& topic, const std::string& type, const std::string& exec = "") {
    EventFact& fact = story_.events.emplace_back();
    fact.received_us = ++now_us_;
    Event& event = fact.event;
    event.topic = "/tasks/" + topic;
    event.type_url = "containerd.events.Task" + type;
    event.ns = "ns";
    event.container_id = "c1";
    event.pid = topic == "exec-added" ? 0 : kPid;
    if (topic == "exit" || topic == "delete") {
      event.id = exec.empty() && topic == "exit" ? "c1" : exec;
      event.exit_status = 7;
      event.exited_at_ns = kEndTime;
    } else {
      event.exec_id = exec;
    }
    return event;
  }
  // The most ordinary life of all.
  StoryBuilder& WholeLife() {
    Pid("Create");
    Says("create", "Create");
    Pid("Start");
    Says("start", "Start");
    Says("exit", "Exit");
    Ended("Wait");
    Ended("Delete").pid = kPid;
    Says("delete", "Delete");
    return *this;
  }
  StoryBuilder& WholeExec(const std::string& exec) {
    Call("Exec", exec);
    Says("exec-added", "ExecAdded", exec);
    Pid("Start", exec);
    Says("exec-started", "ExecStarted", exec);
    Says("exit", "Exit", exec);
    Ended("Wait", exec);
    Ended("Delete", exec).pid = kPid;
    return *this;
  }

  Story& story() { return story_; }
  [[nodiscard]] std::vector<Why> Judged() const { return JudgeHistory(story_); }

 private:
  Story story_;
  std::int64_t now_us_ = 0;
};

::testing::Matcher<const Why&> Finding(const std::string& code, const std::string& requirement) {
  return AllOf(Field("code", &Why::code, code),
               Field("requirement", &Why::requirement, requirement));
}

void Erase(Story& story, const std::string& topic) {
  auto& events = story.events;
  for (auto it = events.begin(); it != events.end();) {
    it = it->event.topic == topic ? events.erase(it) : it + 1;
  }
}

std::size_t IndexOf(const Story& story, const std::string& topic) {
  for (std::size_t i = 0; i < story.events.size(); ++i) {
    if (story.events[i].event.topic == topic) return i;
  }
  ADD_FAILURE() << "no " << topic;
  return 0;
}

TEST(JudgeHistory, FindsNothingInAWholeLife) {
  EXPECT_THAT(StoryBuilder().WholeLife().Judged(), IsEmpty());
}

TEST(JudgeHistory, FindsNothingInExecs) {
  StoryBuilder builder;
  builder.Pid("Create");
  builder.Says("create", "Create");
  builder.Pid("Start");
  builder.Says("start", "Start");
  builder.WholeExec("e1").WholeExec("e2");
  EXPECT_THAT(builder.Judged(), IsEmpty());
}

TEST(JudgeHistory, FindsEachMissingEvent) {
  for (const std::string topic : {"create", "start", "exit", "delete"}) {
    StoryBuilder builder;
    builder.WholeLife();
    Erase(builder.story(), "/tasks/" + topic);
    const std::vector<Why> found = builder.Judged();
    ASSERT_THAT(found, SizeIs(1)) << topic;
    EXPECT_THAT(found[0], Finding("event.missing", topic == "exit" ? "EVT-21" : "EVT-03"));
    EXPECT_THAT(found[0].expected, HasSubstr("/tasks/" + topic + " of c1"));
  }
}

TEST(JudgeHistory, FindsEachMissingEventOfAnExec) {
  for (const std::string topic : {"exec-added", "exec-started", "exit"}) {
    StoryBuilder builder;
    builder.WholeExec("e1");
    Erase(builder.story(), "/tasks/" + topic);
    EXPECT_THAT(builder.Judged(),
                ElementsAre(Finding("event.missing", topic == "exit" ? "EVT-21" : "EVT-03")))
        << topic;
  }
}

TEST(JudgeHistory, FindsEachDoubledEvent) {
  for (const std::string topic : {"create", "start", "exit", "delete"}) {
    StoryBuilder builder;
    builder.WholeLife();
    auto& events = builder.story().events;
    events.push_back(events[IndexOf(builder.story(), "/tasks/" + topic)]);
    ASSERT_THAT(builder.Judged(),
                ElementsAre(Finding("event.duplicate", topic == "exit" ? "EVT-21" : "EVT-03")))
        << topic;
    EXPECT_EQ(builder.Judged()[0].text, "/tasks/" + topic + " came too often");
  }
}

TEST(JudgeHistory, FindsEveryWrongOrder) {
  StoryBuilder whole;
  whole.WholeLife();
  for (std::size_t i = 0; i + 1 < whole.story().events.size(); ++i) {
    StoryBuilder builder = whole;
    std::swap(builder.story().events[i], builder.story().events[i + 1]);
    EXPECT_THAT(builder.Judged(), ElementsAre(Finding("event.order", "EVT-20"))) << i;
  }
}

TEST(JudgeHistory, FindsTheWrongOrderOfAnExec) {
  StoryBuilder builder;
  builder.WholeExec("e1");
  std::swap(builder.story().events[1], builder.story().events[2]);
  EXPECT_THAT(builder.Judged(), ElementsAre(Finding("event.order", "EVT-20")));
}

TEST(JudgeHistory, FindsDisagreementAboutTheEnd) {
  for (const std::string place : {"Wait", "Delete"}) {
    StoryBuilder builder;
    builder.WholeLife();
    for (CallFact& call : builder.story().calls) {
      if (call.method == place) ++call.exited_at_ns;
    }
    EXPECT_THAT(builder.Judged(), ElementsAre(Finding("invariant.broken", "TASK-07"))) << place;
  }
  for (const std::string topic : {"/tasks/exit", "/tasks/delete"}) {
    StoryBuilder builder;
    builder.WholeLife();
    builder.story().events[IndexOf(builder.story(), topic)].event.exit_status = 8;
    EXPECT_THAT(builder.Judged(), ElementsAre(Finding("invariant.broken", "TASK-07"))) << topic;
  }
}

TEST(JudgeHistory, StateCountsOnceItSaysStopped) {
  StoryBuilder builder;
  builder.WholeLife();
  CallFact state = builder.story().calls.front();
  state.method = "State";
  state.status = TaskStatus::kRunning;  // no end yet, no disagreement
  builder.story().calls.insert(builder.story().calls.begin() + 2, state);
  EXPECT_THAT(builder.Judged(), IsEmpty());
  builder.story().calls[2].status = TaskStatus::kStopped;
  EXPECT_THAT(builder.Judged(), ElementsAre(Finding("invariant.broken", "TASK-07")));
}

TEST(JudgeHistory, FindsASecondPid) {
  StoryBuilder reply;
  reply.WholeLife();
  reply.story().calls.back().pid = kPid + 1;
  EXPECT_THAT(reply.Judged(), ElementsAre(Finding("invariant.broken", "TASK-05")));
  StoryBuilder event;
  event.WholeLife();
  event.story().events.back().event.pid = kPid + 1;
  EXPECT_THAT(event.Judged(), ElementsAre(Finding("invariant.broken", "TASK-05")));
}

TEST(JudgeHistory, FindsBadEnvelopes) {
  StoryBuilder refused;
  refused.WholeLife();
  refused.story().events[0].acceptance = absl::InvalidArgumentError("timestamp is not set");
  EXPECT_THAT(refused.Judged(), ElementsAre(Finding("event.field", "EVT-02")));

  StoryBuilder prefixed;
  prefixed.WholeLife();
  Event& event = prefixed.story().events[0].event;
  event.type_url = "type.googleapis.com/" + event.type_url;
  EXPECT_THAT(prefixed.Judged(), ElementsAre(Finding("event.field", "EVT-04")));

  StoryBuilder mistyped;
  mistyped.WholeLife();
  mistyped.story().events[1].event.type_url = "containerd.events.TaskExit";
  EXPECT_THAT(mistyped.Judged(), ElementsAre(Finding("event.field", "EVT-04")));

  StoryBuilder foreign;
  foreign.WholeLife();
  foreign.story().events[2].event.ns = "default";
  EXPECT_THAT(foreign.Judged(), ElementsAre(Finding("event.field", "EVT-05")));
}

TEST(JudgeHistory, FindsEventsOfWhatNeverHappened) {
  StoryBuilder failed_create;
  failed_create.Call("Create", "", absl::StatusCode::kUnknown);
  failed_create.Says("create", "Create");
  failed_create.Says("exit", "Exit");
  EXPECT_THAT(failed_create.Judged(), UnorderedElementsAre(Finding("event.unexpected", "EVT-03"),
                                                           Finding("event.unexpected", "EVT-22")));

  StoryBuilder failed_exec_start;
  failed_exec_start.Call("Exec", "e1");
  failed_exec_start.Says("exec-added", "ExecAdded", "e1");
  failed_exec_start.Call("Start", "e1", absl::StatusCode::kUnknown);
  failed_exec_start.Says("exec-started", "ExecStarted", "e1");
  failed_exec_start.Says("exit", "Exit", "e1");
  EXPECT_THAT(failed_exec_start.Judged(),
              UnorderedElementsAre(Finding("event.unexpected", "EVT-03"),
                                   Finding("event.unexpected", "EVT-03")));
}

// --- what the contract leaves open
// ----------------------------------------------------------------

TEST(JudgeHistory, KillAndDeleteInCreatedStateAreLegalInAnyOrder) {
  for (const bool delete_first : {false, true}) {
    StoryBuilder builder;
    builder.Pid("Create");
    builder.Says("create", "Create");
    builder.Pid("Delete");  // status 0 and no time (DELETE-04)
    builder.Says("exit", "Exit").exit_status = 137;
    Event& deleted = builder.Says("delete", "Delete");
    deleted.exit_status = 0;
    deleted.exited_at_ns = 0;
    if (delete_first) std::swap(builder.story().events[1], builder.story().events[2]);
    EXPECT_THAT(builder.Judged(), IsEmpty()) << delete_first;  // EVT-26
  }
}

TEST(JudgeHistory, ADisturbedSinkExcusesLossOrderAndRepetition) {
  StoryBuilder builder;
  builder.WholeLife();
  builder.story().sink_disturbed = true;
  auto& events = builder.story().events;
  std::swap(events[0], events[3]);
  events.push_back(events[0]);
  events.erase(events.begin() + 1);
  EXPECT_THAT(builder.Judged(), IsEmpty());
  events[0].event.exit_status = 9;  // but not lies
  EXPECT_THAT(builder.Judged(), ElementsAre(Finding("invariant.broken", "TASK-07")));
}

TEST(JudgeHistory, ADeadShimOwesNothing) {
  StoryBuilder builder;
  builder.Pid("Create");
  builder.Pid("Start");
  builder.Ended("Wait");
  EXPECT_THAT(builder.Judged(), SizeIs(3));
  builder.story().lost_shims = {0};
  EXPECT_THAT(builder.Judged(), IsEmpty());
}

TEST(JudgeHistory, UnknownOutcomesAreNotHeldAgainstTheShim) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kDeadlineExceeded, absl::StatusCode::kUnavailable}) {
    StoryBuilder create;
    create.Call("Create", "", code);
    create.Says("create", "Create");
    EXPECT_THAT(create.Judged(), IsEmpty());
    StoryBuilder start;
    start.Pid("Create");
    start.Says("create", "Create");
    start.Call("Start", "", code);
    start.Says("start", "Start");
    start.Says("exit", "Exit");
    EXPECT_THAT(start.Judged(), IsEmpty());
  }
}

TEST(JudgeHistory, AnExecIdMayLiveTwice) {
  StoryBuilder builder;
  builder.WholeExec("e1").WholeExec("e1");
  // Another pid and another end: this is another process (EXEC-03).
  for (std::size_t i = builder.story().calls.size() / 2; i < builder.story().calls.size(); ++i) {
    CallFact& call = builder.story().calls[i];
    if (call.pid != 0) ++call.pid;
    if (call.exited_at_ns != 0) ++call.exited_at_ns;
  }
  EXPECT_THAT(builder.Judged(), IsEmpty());
  Erase(builder.story(), "/tasks/exit");
  EXPECT_THAT(builder.Judged(), ElementsAre(Finding("event.missing", "EVT-21")));
}

TEST(JudgeHistory, ExecDeletesAndForeignTopicsAreNobodysBusiness) {
  StoryBuilder builder;
  builder.WholeExec("e1");
  builder.Says("delete", "Delete", "e1");  // EVT-13
  EXPECT_THAT(builder.Judged(), IsEmpty());
  builder.Says("oom", "OOM");
  Event& own = builder.Says("own", "Own");
  own.type_url = "acme.Own";
  EXPECT_THAT(builder.Judged(), IsEmpty());
}

TEST(JudgeHistory, DeleteBehindTheShimsBackExcusesTheTask) {
  StoryBuilder builder;
  builder.Pid("Create");
  builder.Pid("Start");
  builder.Ended("Wait");
  builder.story().outside_hands = {"c1"};
  EXPECT_THAT(builder.Judged(), IsEmpty());
}

TEST(JudgeHistory, TellsEachRuleOnceAndNotEndlessly) {
  StoryBuilder once;
  once.WholeLife();
  for (int i = 0; i < 2; ++i) once.Says("own", "Own").ns = "n" + std::to_string(i);
  for (EventFact& fact : once.story().events) {
    if (fact.event.topic == "/tasks/own") fact.event.type_url = "acme.Own";
  }
  EXPECT_THAT(once.Judged(), ElementsAre(Finding("event.field", "EVT-05")));

  StoryBuilder many;
  for (int i = 0; i < 100; ++i) {
    Event& event = many.Says("own" + std::to_string(i), "Own");
    event.type_url = "acme.Own";
    event.ns = "default";
  }
  EXPECT_THAT(many.Judged(), SizeIs(kFindingsMax));
}

TEST(JudgeHistory, OnlyCreateAndExecMakeSomething) {
  StoryBuilder unknown;
  unknown.Call("Kill", "", absl::StatusCode::kNotFound);
  unknown.Says("exit", "Exit");  // of a container that is not this check's
  EXPECT_THAT(unknown.Judged(), IsEmpty());

  StoryBuilder refused;
  refused.Call("Exec", "e1", absl::StatusCode::kUnknown);
  refused.Says("exec-added", "ExecAdded", "e1");
  ASSERT_THAT(refused.Judged(), ElementsAre(Finding("event.unexpected", "EVT-03")));
  EXPECT_EQ(refused.Judged()[0].text, "/tasks/exec-added of something that did not happen");
}

TEST(JudgeHistory, OtherTopicsOfAProcessAreNotItsLife) {
  StoryBuilder builder;
  builder.WholeLife().Says("oom", "OOM");
  EXPECT_THAT(builder.Judged(), IsEmpty());
}

TEST(JudgeHistory, ACreatedTaskIsDeletedAfterItsCreate) {
  StoryBuilder builder;
  builder.Pid("Create");
  builder.Ended("Delete");
  builder.Says("delete", "Delete");
  builder.Says("create", "Create");
  ASSERT_THAT(builder.Judged(), ElementsAre(Finding("event.order", "EVT-20")));
  EXPECT_EQ(builder.Judged()[0].expected, "/tasks/create < /tasks/delete");
}

TEST(JudgeHistory, AnExitIsOwedOnceSomethingStartedIsKnownToHaveEnded) {
  StoryBuilder deleted;
  deleted.WholeLife();
  auto& calls = deleted.story().calls;
  calls.erase(calls.begin() + 2);  // nobody waited
  ASSERT_EQ(calls[1].method, "Start");
  EXPECT_THAT(deleted.Judged(), IsEmpty());
  Erase(deleted.story(), "/tasks/exit");
  EXPECT_THAT(deleted.Judged(), ElementsAre(Finding("event.missing", "EVT-21")));

  StoryBuilder created;
  created.Pid("Create");
  created.Says("create", "Create");
  created.Ended("Delete");
  created.Says("delete", "Delete");
  EXPECT_THAT(created.Judged(), IsEmpty());
}

TEST(JudgeHistory, WithoutNamespacesNoneIsForeign) {
  StoryBuilder builder;
  builder.WholeLife().story().namespaces.clear();
  EXPECT_THAT(builder.Judged(), IsEmpty());
}

TEST(JudgeHistory, EventsOfStrangersAreNobodysBusiness) {
  StoryBuilder builder;
  builder.WholeLife();
  for (const char* topic : {"create", "delete"}) {
    builder.Says(topic, topic == std::string("create") ? "Create" : "Delete").container_id = "c2";
  }
  EXPECT_THAT(builder.Judged(), IsEmpty());
}

TEST(JudgeHistory, AFindingQuotesTheEventsOfItsProcessOnly) {
  StoryBuilder builder;
  builder.WholeLife().WholeExec("e1");
  Erase(builder.story(), "/tasks/exec-started");
  const std::vector<Why> found = builder.Judged();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].observed, "/tasks/exec-added, /tasks/exit");
  EXPECT_EQ(found[0].expected, "/tasks/exec-started of exec e1 of c1");

  StoryBuilder silent;
  silent.Pid("Create");
  ASSERT_THAT(silent.Judged(), SizeIs(1));
  EXPECT_EQ(silent.Judged()[0].observed, "no event of it at all");
}

TEST(JudgeHistory, TellsWhatIsWrongWithAPayload) {
  StoryBuilder broken;
  broken.WholeLife().story().events[0].event.decodable = false;
  ASSERT_THAT(broken.Judged(), ElementsAre(Finding("event.field", "EVT-04")));
  EXPECT_EQ(broken.Judged()[0].expected, "type containerd.events.TaskCreate, decodable");
  EXPECT_EQ(broken.Judged()[0].observed, "type containerd.events.TaskCreate, not decodable");

  StoryBuilder own;
  own.WholeLife().Says("own", "Own").type_url = "type.googleapis.com/acme.Own";
  ASSERT_THAT(own.Judged(), ElementsAre(Finding("event.field", "EVT-04")));
  EXPECT_EQ(own.Judged()[0].expected, "a bare message name");
  EXPECT_EQ(own.Judged()[0].observed, "type type.googleapis.com/acme.Own");
}

TEST(JudgeHistory, TellsWhoSaysWhat) {
  StoryBuilder pids;
  pids.WholeLife().story().calls.back().pid = kPid + 1;
  ASSERT_THAT(pids.Judged(), SizeIs(1));
  EXPECT_EQ(pids.Judged()[0].observed, "42 in Create, 43 in Delete");

  StoryBuilder ends;
  ends.WholeLife().story().calls.back().exit_status = 8;
  ASSERT_THAT(ends.Judged(), SizeIs(1));
  EXPECT_EQ(ends.Judged()[0].observed,
            "status 7 at 1700000000000000000 in Wait, status 8 at 1700000000000000000 in Delete");

  StoryBuilder order;
  order.WholeLife();
  std::swap(order.story().events[0], order.story().events[1]);
  ASSERT_THAT(order.Judged(), SizeIs(1));
  EXPECT_EQ(order.Judged()[0].observed, "/tasks/start, /tasks/create, /tasks/exit, /tasks/delete");
}

TEST(JudgeHistory, PidZeroIsNoPid) {
  StoryBuilder builder;
  builder.WholeLife();
  builder.Ended("Wait").pid = 0;
  builder.story().events.back().event.pid = 0;
  EXPECT_THAT(builder.Judged(), IsEmpty());
  for (const std::uint32_t pid : {1u, kPid}) {  // the smallest there is counts
    StoryBuilder small;
    small.WholeLife().story().events.back().event.pid = pid;
    small.story().calls.back().pid = pid;
    EXPECT_THAT(small.Judged(), SizeIs(pid == kPid ? 0 : 1));
  }
}

TEST(OwedEvents, AreTheOnesThatMustStillCome) {
  StoryBuilder builder;
  builder.Pid("Create");
  EXPECT_THAT(OwedEvents(builder.story()), ElementsAre("/tasks/create of c1"));
  builder.Says("create", "Create");
  EXPECT_THAT(OwedEvents(builder.story()), IsEmpty());
  builder.Pid("Start");
  EXPECT_THAT(OwedEvents(builder.story()), ElementsAre("/tasks/start of c1"));
  builder.Says("start", "Start");
  builder.Call("Kill");
  EXPECT_THAT(OwedEvents(builder.story()), IsEmpty());  // nobody knows yet that it has ended
  builder.Ended("Wait");
  EXPECT_THAT(OwedEvents(builder.story()), ElementsAre("/tasks/exit of c1"));
  builder.Says("exit", "Exit");
  builder.Ended("Delete");
  EXPECT_THAT(OwedEvents(builder.story()), ElementsAre("/tasks/delete of c1"));
  builder.story().sink_disturbed = true;
  EXPECT_THAT(OwedEvents(builder.story()), IsEmpty());
}

}  // namespace
}  // namespace conformance
