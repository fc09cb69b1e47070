// SPDX-License-Identifier: Apache-2.0
// The machine is lost: its hypervisor is killed while nothing happens or amid a call, its guest
// turns itself off, the connection to its agent breaks.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/checks/vm.h"
#include "conformance/checks/vm_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using fakes::Fault;
using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::SizeIs;

// --- while nothing happens -----------------------------------------------------------------------

void ReleasesWaits(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  const std::unique_ptr<PendingReply> another = task.WaitAsync();
  KillHypervisor(check);
  ExpectReleased(check, *wait, "the init");
  ExpectReleased(check, *another, "the init, another one");
  ExpectAnswers(check, task.shim());
}

void ReleasesWaitsForExecs(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("pause")));
  check.Require(exec.Start());
  const std::unique_ptr<PendingReply> wait = exec.WaitAsync();
  KillHypervisor(check);
  ExpectReleased(check, *wait, "an exec");
  check.EXPECT_THAT(exec.Delete(), IsOkAndHolds(EndedWithItsMachine()));
}

void ReleasesWaitsForCreated(CheckContext& check) {
  const Task task = check.Create(Program("pause"));
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  KillHypervisor(check);
  ExpectReleased(check, *wait, "a container that was not started");
  check.EXPECT_THAT(task.Delete(), IsOk());
}

bool IsExit(const Event& event) { return event.topic == "/tasks/exit"; }

// Whoever tells it, the death watch and the reader of the agent's connection, tells it once.
void ToldOncePerProcess(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("pause")));
  check.Require(exec.Start());
  KillHypervisor(check);
  const ExitInfo init_end = check.Require(task.Wait());
  const ExitInfo exec_end = check.Require(exec.Wait());
  check.Require(exec.Delete());
  check.Require(task.Delete());
  const std::vector<Event> events = EventsOfDeleted(check, task);
  for (const auto& [id, end] :
       {std::pair(std::string(), init_end), std::pair(exec.exec_id(), exec_end)}) {
    const std::string whose = id.empty() ? "the init" : "the exec";
    std::vector<Event> exits;
    for (const Event& event : ForProcess(events, task.id(), id)) {
      if (IsExit(event)) exits.push_back(event);
    }
    check.ASSERT_THAT(exits, SizeIs(1),
                      {.text = "exit events of " + whose,
                       .code = exits.empty() ? why::kEventMissing : why::kEventDuplicate});
    check.EXPECT_THAT(
        exits.front().exit_status, Eq(end.exit_status),
        {.text = "the exit event and Wait agree about " + whose, .code = why::kEventField});
  }
}

void IsStoppedAfterwards(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  KillHypervisor(check);
  const ExitInfo end = check.Require(task.Wait());
  check.EXPECT_THAT(end, EndedWithItsMachine());
  const StateInfo state = check.Require(task.State());
  check.EXPECT_THAT(state, HasStatus(TaskStatus::kStopped), {.code = why::kStateWrong});
  check.EXPECT_THAT(state.exit_status, Eq(end.exit_status),
                    {.text = "State and Wait agree", .code = why::kStateWrong});
  check.EXPECT_THAT(task.Kill(SIGKILL),
                    HasCodeIn({absl::StatusCode::kOk, absl::StatusCode::kNotFound}),
                    {.text = "Kill of a container whose machine is gone"});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(end.exit_status)),
                    {.text = "Wait, again"});
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(end.exit_status)));
  check.EXPECT_THAT(task.Delete(), HasCode(absl::StatusCode::kNotFound),
                    {.text = "a second Delete"});
}

void EndsAllOfAPod(CheckContext& check) {
  const Task first = check.Run(Program("pause"));
  const Task second = check.Run(Program("pause"), {.shim = &first.shim()});
  const std::unique_ptr<PendingReply> one = first.WaitAsync();
  const std::unique_ptr<PendingReply> other = second.WaitAsync();
  KillHypervisor(check);
  ExpectReleased(check, *one, "the first container of the pod");
  ExpectReleased(check, *other, "the second container of the pod");
  check.EXPECT_THAT(second.Delete(), IsOkAndHolds(EndedWithItsMachine()));
  check.EXPECT_THAT(first.Delete(), IsOkAndHolds(EndedWithItsMachine()));
}

void LeavesNothing(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const RunFiles files(check, {bundle.id});
  const Task task = check.Run(Program("pause"), {.existing_bundle = bundle});
  KillHypervisor(check);
  check.Require(task.Wait());
  check.EXPECT_THAT(task.Delete(), IsOk());
  check.EXPECT_THAT(task.shim().Shutdown(task.id()), IsOk());
  check.ASSERT_THAT(task.shim().AwaitExit(std::chrono::seconds(10)), Eq(true),
                    {.text = "Shutdown ends the shim", .code = why::kLeftProcess});
  ExpectNoHypervisor(check, "after the shim's end");
  files.ExpectAsBefore("after the shim's end");
}

// The next container of the pod finds no dead machine.
void IsReplaced(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  KillHypervisor(check);
  check.Require(task.Wait());
  check.Require(task.Delete());
  const Task next = check.TryCreate(Program("exit_code", "7"), {.shim = &task.shim()});
  if (!next.create_status().ok()) {
    // Kata's shims serve one machine and are shut down with it.
    check.Note("a shim whose machine has died takes no further container");
    return ExpectAnswers(check, task.shim());
  }
  check.Require(next.Start());
  check.EXPECT_THAT(next.Wait(), IsOkAndHolds(ExitedWith(7)));
}

// --- amid a call ---------------------------------------------------------------------------------

bool Is(const GuestCall& call, absl::string_view word) { return call.word == word; }

void DiesInCall(CheckContext& check, const GuestCall& call) {
  ShimUnderTest& shim = check.Shim();
  VmFaults faults(check);
  const EngineSubject subject = call.is->prepare(check, shim);
  const VmFaults::Planned planned =
      faults.OfAgent({.verb = call.verb, .fault = Fault::kHang, .container = subject.bundle.id});
  std::unique_ptr<PendingReply> wait;
  if (subject.task) wait = subject.task->WaitAsync();
  const std::unique_ptr<PendingReply> reply = call.is->send(check, subject);
  faults.AwaitFired(planned, *reply, call.is->name);
  faults.Clear();
  KillHypervisor(check);
  check.ASSERT_THAT(check.Eventually([&reply] { return reply->done(); }, kDeathIsTold), Eq(true),
                    {.text = absl::StrCat(call.is->name, " ends with the hypervisor, within 5 s"),
                     .code = why::kReplyMissing});
  const absl::Status status = reply->Get().status();
  // What should end has ended.
  if (!Is(call, "kill") && !Is(call, "delete")) {
    check.EXPECT_THAT(status, IsError(),
                      {.text = absl::StrCat(call.is->name, " amid which the hypervisor died")});
  }
  ExpectAnswers(check, shim);
  ExpectNoHypervisor(check, absl::StrCat("after its death in ", call.is->name));
  if (!subject.task) return;
  if (Is(call, "delete")) {
    if (status.ok()) return;
  } else {
    ExpectReleased(check, *wait, "the init");
  }
  check.EXPECT_THAT(subject.task->Delete(), IsOk(),
                    {.text = absl::StrCat("Delete after the death in ", call.is->name)});
}

// --- the guest and its agent ---------------------------------------------------------------------

// Something goes wrong while the agent serves a signal.
void AmidASignal(CheckContext& check, Fault fault, const std::string& what) {
  const Task task = check.Run(Program("pause"));
  VmFaults faults(check);
  const VmFaults::Planned planned =
      faults.OfAgent({.verb = "SignalProcess", .fault = fault, .container = task.id()});
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  const std::unique_ptr<PendingReply> kill =
      task.shim().CallAsync("Kill", KillRequest(task.id(), "", SIGUSR1));
  faults.AwaitFired(planned, *kill, "Kill");
  check.EXPECT_THAT(check.Eventually([&kill] { return kill->done(); }, kDeathIsTold), Eq(true),
                    {.text = "Kill ends although " + what, .code = why::kReplyMissing});
  // A shim may connect again: then the container is there, and can be ended.
  check.Eventually([&wait] { return wait->done(); }, kDeathIsTold);
  if (!wait->done()) {
    check.EXPECT_THAT(task.Kill(SIGKILL), IsOk(), {.text = "Kill of a container that goes on"});
  }
  ExpectReleased(check, *wait, "the init");
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(EndedWithItsMachine()));
  ExpectNoHypervisor(check, "after " + what);
}

void GuestPowersOff(CheckContext& check) {
  AmidASignal(check, Fault::kPowerOff, "the guest turned itself off");
}

void AgentIsLost(CheckContext& check) {
  AmidASignal(check, Fault::kReset, "the connection to the agent broke");
}

// Whatever can be asked of a machine that does nothing at all: the pod comes to its end.
void FrozenMachineCanBeEnded(CheckContext& check) {
  constexpr std::chrono::seconds kPatience{30};
  const Task task = check.Run(Program("pause"));
  const pid_t pid = TheHypervisor(check);
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  check.ASSERT_THAT(::kill(pid, SIGSTOP), Eq(0), {.code = why::kHarness});
  const std::unique_ptr<PendingReply> kill =
      task.shim().CallAsync("Kill", KillRequest(task.id(), "", SIGKILL));
  ExpectReleased(check, *wait, "a container of a frozen machine", kPatience);
  check.EXPECT_THAT(check.Eventually([&kill] { return kill->done(); }, kPatience), Eq(true),
                    {.text = "Kill in a frozen machine ends", .code = why::kReplyMissing});
  check.EXPECT_THAT(task.Delete({.deadline = kPatience}), IsOk(),
                    {.text = "Delete in a frozen machine"});
  ExpectNoHypervisor(check, "after its freeze and Delete");
}

}  // namespace

void AddVmDeathChecks(std::vector<Check>& checks) {
  const std::vector<Check> rows = {
      {.id = "vm/a-killed-hypervisor-releases-every-wait",
       .requirements = {"VM-06"},
       .tags = {kHypervisorTag},
       .run = ReleasesWaits},
      {.id = "vm/a-killed-hypervisor-releases-the-wait-for-an-exec",
       .requirements = {"VM-06"},
       .tags = {kHypervisorTag},
       .needs = ToNeeds(Need::kExec),
       .run = ReleasesWaitsForExecs},
      {.id = "vm/a-killed-hypervisor-ends-what-was-not-started",
       .requirements = {"VM-06"},
       .tags = {kHypervisorTag},
       .run = ReleasesWaitsForCreated},
      {.id = "vm/a-killed-hypervisor-is-told-once-per-process",
       .requirements = {"VM-07", "EVT-20"},
       .tags = {kHypervisorTag},
       .needs = ToNeeds(Need::kExec),
       .run = ToldOncePerProcess},
      {.id = "vm/a-container-is-stopped-after-its-hypervisor-was-killed",
       .requirements = {"VM-08"},
       .tags = {kHypervisorTag},
       .run = IsStoppedAfterwards},
      {.id = "vm/a-killed-hypervisor-ends-all-containers-of-a-pod",
       .requirements = {"VM-06"},
       .tags = {kHypervisorTag},
       .needs = ToNeeds(Need::kGrouping),
       .run = EndsAllOfAPod},
      {.id = "vm/nothing-is-left-after-a-killed-hypervisor",
       .requirements = {"VM-17"},
       .tags = {kHypervisorTag},
       .run = LeavesNothing},
      {.id = "vm/a-killed-hypervisor-does-not-wedge-the-shim",
       .requirements = {"VM-08"},
       .tags = {kHypervisorTag},
       .needs = ToNeeds(Need::kGrouping),
       .run = IsReplaced},
      {.id = "vm/a-guest-that-powers-off-ends-its-containers",
       .requirements = {"VM-10"},
       .tags = {kHypervisorFaultsTag},
       .run = GuestPowersOff},
      {.id = "vm/a-lost-agent-ends-its-containers",
       .requirements = {"VM-10"},
       .tags = {kHypervisorFaultsTag},
       .run = AgentIsLost},
      {.id = "vm/a-frozen-hypervisor-can-be-ended",
       .requirements = {"VM-12"},
       .level = Level::kShould,
       .tags = {"slow", kHypervisorTag},
       .run = FrozenMachineCanBeEnded},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
  for (const GuestCall& call : GuestCalls()) {
    checks.push_back({.id = absl::StrCat("vm/a-hypervisor-killed-in-", call.word, "-ends-the-call"),
                      .requirements = {"VM-09"},
                      .tags = {"matrix", kHypervisorFaultsTag},
                      .needs = call.is->needs,
                      .run = [&call](CheckContext& check) { DiesInCall(check, call); }});
  }
}

}  // namespace conformance
