// SPDX-License-Identifier: Apache-2.0
// An engine that fails, dies half-way or lies: what the call answers, and what is as before.
#include <absl/strings/str_cat.h>

#include <csignal>
#include <utility>

#include "conformance/checks/isolation.h"
#include "conformance/checks/isolation_engine.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"

namespace conformance {
namespace {

using fakes::Fault;
using fakes::FaultPoint;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kMessage[] = "the engine says no";

// Makes the call with `rule` in force; its status. Skips when the shim does without the verb.
absl::Status CallWith(CheckContext& check, const EngineCall& call, const EngineSubject& subject,
                      fakes::FaultRule rule) {
  EngineFaults faults(check);
  rule.verb = call.verb;
  rule.container = subject.bundle.id;
  const std::string id = faults.Add(std::move(rule));
  const absl::Status status = call.send(check, subject)->Get().status();
  RequireEngineAsked(check, call, faults, id);
  return status;
}

// A container that could not be made is not there, nothing of it is mounted, and the `delete`
// action, with which containerd ends a failed Create, succeeds.
void ExpectNeverMade(CheckContext& check, const EngineSubject& subject) {
  check.EXPECT_THAT(subject.shim->Call("State", StateRequest(subject.bundle.id)),
                    HasCode(absl::StatusCode::kNotFound),
                    {.text = "State after a failed Create", .requirement = "CREATE-11"});
  check.EXPECT_THAT(check.World().MountsBelow(subject.bundle.path), IsEmpty(),
                    {.code = why::kLeftMount, .requirement = "CREATE-11"});
  check.EXPECT_THAT(check.RunDelete(subject.bundle).command.ExitedWith(0), Eq(true),
                    {.text = "`delete` after a failed Create",
                     .code = why::kProcessState,
                     .requirement = "CREATE-20"});
}

void ExpectExecUnstarted(CheckContext& check, const EngineSubject& subject) {
  const StateInfo state = check.Require(subject.exec->State());
  check.EXPECT_THAT(state, HasStatus(TaskStatus::kCreated),
                    {.code = why::kStateWrong, .requirement = "START-36"});
  check.EXPECT_THAT(state.pid, Eq(0u), {.requirement = "START-36"});
  check.EXPECT_THAT(subject.exec->Delete(), IsOk(), {.requirement = "START-37"});
}

// --- the verb fails ------------------------------------------------------------------------------

void FailureIsTold(CheckContext& check, const EngineCall& call) {
  ShimUnderTest& shim = check.Shim();
  const EngineSubject subject = call.prepare(check, shim);
  std::optional<TaskView> before;
  if (subject.task) before = Observe(check, *subject.task);
  const absl::Status status =
      CallWith(check, call, subject, {.fault = Fault::kFail, .code = 1, .message = kMessage});
  check.ASSERT_THAT(status, IsError(),
                    {.text = absl::StrCat(call.name, " with an engine that fails to ", call.verb)});
  check.EXPECT_THAT(std::string(status.message()), HasSubstr(kMessage),
                    {.text = "the error carries what the engine has logged"});
  if (before) {
    ExpectAnswers(check, shim);
    TaskView after = Observe(check, *subject.task);
    // A Delete may have begun with the mounts, which come off before the engine's own state.
    if (call.verb == absl::string_view("delete")) after.mounts = before->mounts;
    check.EXPECT_THAT(
        after, Eq(*before),
        {.text = absl::StrCat("the task must be as it was before ", call.name, " failed"),
         .code = why::kStateWrong});
  } else {
    ExpectAnswers(check, shim);
    ExpectNeverMade(check, subject);
  }
  if (subject.exec) return ExpectExecUnstarted(check, subject);
  if (!subject.task) return;
  check.EXPECT_THAT(call.send(check, subject)->Get(), IsOk(),
                    {.text = absl::StrCat(call.name, ", repeated with an engine that works")});
}

// --- the verb dies -------------------------------------------------------------------------------

struct Death {
  const char* verb;
  FaultPoint point;
};
// A verb that dies after its work is done has done it; the others are told above.
constexpr Death kDeaths[] = {
    {"create", FaultPoint::kBefore}, {"create", FaultPoint::kMiddle},
    {"create", FaultPoint::kAfter},  {"start", FaultPoint::kBefore},
    {"start", FaultPoint::kMiddle},  {"exec", FaultPoint::kBefore},
    {"exec", FaultPoint::kMiddle},   {"delete", FaultPoint::kBefore},
    {"delete", FaultPoint::kMiddle},
};

const char* WordOf(FaultPoint point) {
  switch (point) {
    case FaultPoint::kBefore:
      return "before";
    case FaultPoint::kMiddle:
      return "amid";
    case FaultPoint::kAfter:
      break;
  }
  return "after";
}

void DeathLeavesNothing(CheckContext& check, const EngineCall& call, const Death& death) {
  const Task other = check.Run(Program("pause"));
  const EngineSubject subject = call.prepare(check, other.shim());
  const absl::Status status = CallWith(
      check, call, subject, {.fault = Fault::kDie, .point = death.point, .signal = SIGKILL});
  check.EXPECT_THAT(status, IsError(),
                    {.text = absl::StrCat(call.name, " whose engine is killed ",
                                          WordOf(death.point), " its work")});
  ExpectAnswers(check, other.shim());
  check.EXPECT_THAT(other.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the other container"});
  if (!subject.task) return ExpectNeverMade(check, subject);
  // Half done: only what happened can be told, and everything can be ended.
  const absl::StatusOr<StateInfo> state = subject.task->State();
  check.EXPECT_THAT(state, IsOk(), {.text = "State after " + std::string(call.name)});
  if (state.ok() && state->status == TaskStatus::kRunning) {
    check.EXPECT_THAT(subject.task->ProcessGone(), Eq(false),
                      {.text = "its process still runs", .code = why::kStateWrong});
  }
}

// --- the verb lies -------------------------------------------------------------------------------

struct Lie {
  const char* word;
  const char* verb;
  Fault fault;
};
// Success without a process, or without a pid to know it by, is no success of the call.
constexpr Lie kLies[] = {
    {"claims-a-create", "create", Fault::kLie},
    {"writes-no-pid-of-the-init", "create", Fault::kNoPidFile},
    {"writes-garbage-as-pid-of-the-init", "create", Fault::kGarbagePidFile},
    {"claims-an-exec", "exec", Fault::kLie},
    {"writes-no-pid-of-an-exec", "exec", Fault::kNoPidFile},
    {"writes-garbage-as-pid-of-an-exec", "exec", Fault::kGarbagePidFile},
};

void LieIsFoundOut(CheckContext& check, const EngineCall& call, const Lie& lie) {
  ShimUnderTest& shim = check.Shim();
  const EngineSubject subject = call.prepare(check, shim);
  fakes::FaultRule rule = {.fault = lie.fault};
  if (lie.fault == Fault::kGarbagePidFile) rule.message = "no number";
  const absl::Status status = CallWith(check, call, subject, std::move(rule));
  check.EXPECT_THAT(status, IsError(),
                    {.text = absl::StrCat(call.name, " with an engine that ", lie.word)});
  ExpectAnswers(check, shim);
  if (subject.exec) return ExpectExecUnstarted(check, subject);
  ExpectNeverMade(check, subject);
}

}  // namespace

void AddEngineFailureChecks(std::vector<Check>& checks) {
  const Needs fake = ToNeeds(Need::kFakeEngine);
  for (const EngineCall& call : EngineCalls()) {
    checks.push_back({.id = absl::StrCat("isolation/a-failed-engine-", call.verb, "-is-told"),
                      .requirements = {"TT-22"},
                      .level = Level::kShould,
                      .tags = {"matrix"},
                      .needs = call.needs | fake,
                      .run = [&call](CheckContext& check) { FailureIsTold(check, call); }});
    for (const Death& death : kDeaths) {
      if (absl::string_view(death.verb) != call.verb) continue;
      checks.push_back(
          {.id = absl::StrCat("isolation/an-engine-", death.verb, "-killed-", WordOf(death.point),
                              "-its-work-is-an-error"),
           .requirements = {"TASK-03", "CREATE-20"},
           .tags = {"matrix"},
           .needs = call.needs | fake | ToNeeds(Need::kGrouping),
           .run = [&call, death](CheckContext& check) { DeathLeavesNothing(check, call, death); }});
    }
    for (const Lie& lie : kLies) {
      if (absl::string_view(lie.verb) != call.verb) continue;
      checks.push_back(
          {.id = absl::StrCat("isolation/an-engine-that-", lie.word, "-is-found-out"),
           .requirements = {"CREATE-05", "TASK-06"},
           .tags = {"matrix"},
           .needs = call.needs | fake,
           .run = [&call, lie](CheckContext& check) { LieIsFoundOut(check, call, lie); }});
    }
  }
}

}  // namespace conformance
