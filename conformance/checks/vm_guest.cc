// SPDX-License-Identifier: Apache-2.0
// One call to the agent of the guest is slow, hangs, is refused or answered oddly: what the client
// of that container sees, and that nobody else sees anything.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "conformance/checks/busy_share.h"
#include "conformance/checks/isolation.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/checks/stdio_support.h"
#include "conformance/checks/vm.h"
#include "conformance/checks/vm_support.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/check_profile.h"
#include "fakes/fault/fault_gate.h"

namespace conformance {
namespace {

using fakes::Fault;
using fakes::FaultPoint;
using ::testing::Eq;
using ::testing::Ge;
using ::testing::Le;
using ::testing::Lt;

// How long a shim may leave its agent unasked (kata's asks every 5 s, or 30 s).
constexpr std::chrono::seconds kHealthPatience{35};

fakes::FaultGate MakeGate(CheckContext& check) {
  return check.Require(fakes::FaultGate::Make(check.ScratchDirectory() + "/slow"),
                       {.code = why::kHarness});
}

// --- a call that is slow -------------------------------------------------------------------------

void SlowCall(CheckContext& check, ShimUnderTest& shim, const Obstacle::During& during,
              const GuestCall& call) {
  VmFaults faults(check);
  const EngineSubject subject = call.is->prepare(check, shim);
  fakes::FaultGate gate = MakeGate(check);
  const VmFaults::Planned planned = faults.OfAgent({.verb = call.verb,
                                                    .fault = Fault::kSlow,
                                                    .container = subject.bundle.id,
                                                    .until = gate.path()});
  const std::unique_ptr<PendingReply> reply = call.is->send(check, subject);
  faults.AwaitFired(planned, *reply, call.is->name);
  during(absl::StrCat("while the guest's ", call.verb, " for ", subject.bundle.id, " is slow"),
         subject.bundle.id);
  check.Linger(std::chrono::milliseconds(50));  // an answer without the guest may be under way
  check.EXPECT_THAT(reply->done(), Eq(false),
                    {.text = absl::StrCat(call.is->name, " returned before its guest was done"),
                     .code = why::kProcessState});
  check.Require(gate.Open(), {.code = why::kHarness});
  check.EXPECT_THAT(reply->Get(), IsOk(), {.text = absl::StrCat(call.is->name, " goes on")});
}

// A process that takes no input, for the guest says nothing about what was written to it.
void InputIsStuck(CheckContext& check, ShimUnderTest& shim, const Obstacle::During& during) {
  VmFaults faults(check);
  CreateOptions options = WithStdin();
  options.shim = &shim;
  const Task task = check.Run(Program("cat"), options);
  const VmFaults::Planned planned =
      faults.OfAgent({.verb = "WriteStdin", .fault = Fault::kHang, .container = task.id()});
  check.Require(task.stdio().WriteInput("x"), {.code = why::kHarness});
  faults.AwaitFired(planned, std::chrono::seconds(5));
  during(absl::StrCat("while the guest takes no input of ", task.id()), task.id());
  check.Require(task.Kill(SIGKILL));
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
}

// --- a call that hangs ---------------------------------------------------------------------------

void HungCallEnds(CheckContext& check, const GuestCall& call) {
  const Task other = check.Run(Program("pause"));
  VmFaults faults(check);
  const EngineSubject subject = call.is->prepare(check, other.shim());
  const VmFaults::Planned planned =
      faults.OfAgent({.verb = call.verb, .fault = Fault::kHang, .container = subject.bundle.id});
  const std::unique_ptr<PendingReply> reply = call.is->send(check, subject);
  faults.AwaitFired(planned, *reply, call.is->name);
  const std::chrono::milliseconds limit = ProfileOf(check).rpc_limit;
  check.ASSERT_THAT(
      check.Eventually([&reply] { return reply->done(); }, limit), Eq(true),
      {.text = absl::StrCat(call.is->name, " that its guest never answers ends within ",
                            limit.count(), " ms"),
       .code = why::kReplyMissing});
  ExpectAnswers(check, other.shim());
  check.EXPECT_THAT(other.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the other container", .requirement = "VM-15"});
  check.EXPECT_THAT(other.Kill(SIGKILL), IsOk(), {.text = "Kill of the other container"});
  check.EXPECT_THAT(other.Wait(), IsOkAndHolds(ExitedWith(137)), {.requirement = "VM-15"});
}

// --- a call that is refused ----------------------------------------------------------------------

void RefusalTouchesNoOther(CheckContext& check) {
  const Task other = check.Run(Program("pause"));
  const pid_t machine = TheHypervisor(check);
  VmFaults faults(check);
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const VmFaults::Planned planned = faults.OfAgent({.verb = "CreateContainer",
                                                    .fault = Fault::kRefuse,
                                                    .container = bundle.id,
                                                    .code = 13,
                                                    .message = "no such device"});
  const std::unique_ptr<PendingReply> create = check.CreateAsync(other.shim(), bundle);
  (void)ExpectCreateFails(check, *create, "a container that the guest refuses");
  faults.ExpectFired(planned);
  check.EXPECT_THAT(TheHypervisor(check), Eq(machine),
                    {.text = "the pod's hypervisor", .code = why::kProcessState});
  check.EXPECT_THAT(other.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the other container", .code = why::kStateWrong});
  const Task third = check.TryCreate(Program("exit_code", "7"), {.shim = &other.shim()});
  check.ASSERT_THAT(third.create_status(), IsOk(), {.text = "Create of a third container"});
  check.Require(third.Start());
  check.EXPECT_THAT(third.Wait(), IsOkAndHolds(ExitedWith(7)));
  check.EXPECT_THAT(other.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(other.Wait(), IsOkAndHolds(ExitedWith(137)));
}

void UnknownProcessIsNoError(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  VmFaults faults(check);
  const VmFaults::Planned planned = faults.OfAgent({.verb = "SignalProcess",
                                                    .fault = Fault::kRefuse,
                                                    .container = task.id(),
                                                    .code = 5,
                                                    .message = "no such process"});
  check.EXPECT_THAT(task.Kill(SIGKILL),
                    HasCodeIn({absl::StatusCode::kOk, absl::StatusCode::kNotFound}),
                    {.text = "Kill of a process that the guest does not know"});
  faults.RequireFired(planned);
  ExpectAnswers(check, task.shim());
  check.EXPECT_THAT(task.Kill(SIGKILL), IsOk(), {.text = "Kill, once the guest knows it"});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
}

// --- health --------------------------------------------------------------------------------------

void OneMissedCheckEndsNothing(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  VmFaults faults(check);
  const VmFaults::Planned missed = faults.OfAgent({.verb = "Check", .fault = Fault::kHang});
  // The one after it is answered, and the one after that shows that it was heard.
  const VmFaults::Planned later =
      faults.OfAgent({.verb = "Check", .fault = Fault::kSlow, .occurrence = 3, .ms = 1});
  faults.AwaitFired(missed, kHealthPatience);
  check.Eventually([&] { return faults.Firings(later) > 0 || wait->done(); }, kHealthPatience);
  check.ASSERT_THAT(wait->done(), Eq(false),
                    {.text = "a container has ended for one health check that was missed",
                     .code = why::kStateWrong});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.code = why::kStateWrong});
  check.EXPECT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(AsExit(wait->Get()), IsOkAndHolds(ExitedWith(137)));
}

void SilentAgentIsNoticed(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  VmFaults faults(check);
  const VmFaults::Planned planned =
      faults.OfAgent({.verb = "Check", .fault = Fault::kHang, .occurrence = 0});
  faults.AwaitFired(planned, kHealthPatience);
  ExpectReleased(check, *wait, "a container whose agent says nothing any more", kHealthPatience);
  ExpectNoHypervisor(check, "without an agent");
}

// --- statuses ------------------------------------------------------------------------------------

struct OddStatus {
  const char* word;
  fakes::FaultRule rule;
};
const std::vector<OddStatus>& OddStatuses() {
  static const std::vector<OddStatus> kOdd = {
      {"that-is-refused",
       {.verb = "WaitProcess",
        .fault = Fault::kRefuse,
        .point = FaultPoint::kAfter,
        .code = 13,
        .message = "no status"}},
      {"above-255", {.verb = "WaitProcess", .fault = Fault::kOddStatus, .message = "300"}},
      {"below-0", {.verb = "WaitProcess", .fault = Fault::kOddStatus, .message = "-1"}},
  };
  return kOdd;
}

void StatusIs255(CheckContext& check, const OddStatus& odd) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "7"));
  VmFaults faults(check);
  fakes::FaultRule rule = odd.rule;
  rule.container = bundle.id;
  const VmFaults::Planned planned = faults.OfAgent(rule);
  const Task task = check.Run(Program("exit_code", "7"), {.existing_bundle = bundle});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(255)));
  faults.ExpectFired(planned);
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(255)));
}

// --- streams -------------------------------------------------------------------------------------

void InputInPartsArrives(CheckContext& check) {
  constexpr std::size_t kBytes = 32 * 1024;
  const Task task = check.Run(Program("cat"), WithStdin());
  VmFaults faults(check);
  const VmFaults::Planned planned = faults.OfAgent({.verb = "WriteStdin",
                                                    .fault = Fault::kShort,
                                                    .container = task.id(),
                                                    .occurrence = 0,
                                                    .bytes = 1000});
  check.ASSERT_THAT(task.stdio().WriteInput(Pattern(kBytes)), IsOk(), {.code = why::kInputLost});
  check.EXPECT_THAT(task.stdio().AwaitOutputBytes(kBytes), Eq(true),
                    {.text = "stdin, copied to stdout", .code = why::kInputLost});
  faults.ExpectFired(planned);
  ExpectPattern(check, task.stdio().output(), kBytes, "stdout, which is stdin copied");
  check.Require(task.CloseIo());
  task.stdio().CloseInput();
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
}

constexpr std::size_t kOutputBytes = 3000;

void LateOutputIsComplete(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("emit", absl::StrCat(kOutputBytes)));
  VmFaults faults(check);
  const VmFaults::Planned planned = faults.OfAgent({.verb = "ReadStdout",
                                                    .fault = Fault::kSlow,
                                                    .container = bundle.id,
                                                    .point = FaultPoint::kAfter,
                                                    .ms = 300});
  const Task task =
      check.Run(Program("emit", absl::StrCat(kOutputBytes)), {.existing_bundle = bundle});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(0)));
  faults.ExpectFired(planned);
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends with Delete", .code = why::kOutputNoEof});
  ExpectPattern(check, task.stdio().output(), kOutputBytes, "stdout, told late");
}

void WithheldEndIsBounded(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("emit", absl::StrCat(kOutputBytes)));
  VmFaults faults(check);
  const VmFaults::Planned planned = faults.OfAgent({.verb = "ReadStdout",
                                                    .fault = Fault::kWithholdEnd,
                                                    .container = bundle.id,
                                                    .occurrence = 0});
  const Task task =
      check.Run(Program("emit", absl::StrCat(kOutputBytes)), {.existing_bundle = bundle});
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  const bool told = check.Eventually([&wait] { return wait->done(); }, std::chrono::seconds(5));
  check.ASSERT_THAT(told, Eq(true),
                    {.text = "an exit is told within 5 s although the end of its output is not",
                     .code = why::kExitLost});
  faults.ExpectFired(planned);
  check.EXPECT_THAT(AsExit(wait->Get()), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(task.stdio().AwaitOutputBytes(kOutputBytes), Eq(true),
                    {.text = "what was written before the exit", .code = why::kOutputLost});
  ExpectPattern(check, task.stdio().output(), kOutputBytes, "stdout without an end");
  check.EXPECT_THAT(task.Delete(), IsOk());
}

// --- a lack of memory ----------------------------------------------------------------------------

bool IsOom(const Event& event) { return event.topic == "/tasks/oom"; }

// The agent tells of a lack of memory in `container` when the gate opens.
VmFaults::Planned PlanOom(VmFaults& faults, const fakes::FaultGate& gate,
                          const std::string& container) {
  faults.OfAgent({.verb = "GetOOMEvent", .fault = Fault::kSlow, .until = gate.path()});
  return faults.OfAgent(
      {.verb = "GetOOMEvent", .fault = Fault::kLackOfMemory, .message = container});
}

void OomIsToldOnce(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  VmFaults faults(check);
  fakes::FaultGate gate = MakeGate(check);
  const VmFaults::Planned planned = PlanOom(faults, gate, bundle.id);
  const Task task = check.Run(Program("pause"), {.existing_bundle = bundle});
  check.Require(gate.Open(), {.code = why::kHarness});
  faults.AwaitFired(planned, std::chrono::seconds(5));
  const std::vector<Event> told = check.AwaitEvents([](const std::vector<Event>& events) {
    return std::any_of(events.begin(), events.end(), IsOom);
  });
  check.ASSERT_THAT(std::count_if(told.begin(), told.end(), IsOom), Ge(1),
                    {.text = "OOM events", .code = why::kEventMissing});
  check.Require(task.Kill(SIGKILL));
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.Require(task.Delete());
  const std::vector<Event> events = EventsOfDeleted(check, task);
  check.EXPECT_THAT(std::count_if(events.begin(), events.end(), IsOom), Eq(1),
                    {.text = "OOM events by the end", .code = why::kEventDuplicate});
}

void NoOomAfterDelete(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  VmFaults faults(check);
  fakes::FaultGate gate = MakeGate(check);
  const VmFaults::Planned planned = PlanOom(faults, gate, bundle.id);
  const Task other = check.Run(Program("pause"));
  const Task task = check.Run(Program("pause"), {.existing_bundle = bundle, .shim = &other.shim()});
  check.Require(task.Kill(SIGKILL));
  check.Require(task.Wait());
  check.Require(task.Delete());
  check.Require(gate.Open(), {.code = why::kHarness});
  faults.AwaitFired(planned, std::chrono::seconds(5));
  check.Linger(std::chrono::milliseconds(100));
  const std::vector<Event> events = ForContainer(check.Events(), task.id());
  check.EXPECT_THAT(
      std::count_if(events.begin(), events.end(), IsOom), Eq(0),
      {.text = "OOM events of a container that is deleted", .code = why::kEventUnexpected});
  ExpectAnswers(check, other.shim());
}

void RefusedOomIsNotAskedFor(CheckContext& check) {
  VmFaults faults(check);
  const VmFaults::Planned planned = faults.OfAgent({.verb = "GetOOMEvent",
                                                    .fault = Fault::kRefuse,
                                                    .occurrence = 0,
                                                    .code = 13,
                                                    .message = "no such file"});
  const Task task = check.Run(Program("pause"));
  faults.AwaitFired(planned, std::chrono::seconds(5));
  const std::size_t before = faults.Firings(planned);
  const auto begun = std::chrono::steady_clock::now();
  const double busy = BusyShare(check, task.shim().pid());
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
  check.EXPECT_THAT(
      static_cast<double>(faults.Firings(planned) - before) / passed.count(), Le(100.0),
      {.text = "calls of GetOOMEvent a second, all of them refused", .code = why::kProcessState});
  check.EXPECT_THAT(busy, Lt(0.5),
                    {.text = "part of a CPU's time that it asks for without anything to do",
                     .code = why::kProcessState});
  check.Require(task.Kill(SIGKILL));
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
}

Obstacle ObstacleOf(const std::string& word, Needs needs) {
  Obstacle obstacle;
  obstacle.word = word;
  obstacle.area = "vm";
  obstacle.requirement = "VM-13";
  obstacle.needs = needs;
  obstacle.tags = {"matrix", kHypervisorFaultsTag};
  return obstacle;
}

// Calls of a whole container meet every group of calls of others, the rest one.
bool MeetsAll(const GuestCall& call) {
  return call.verb == absl::string_view("CreateContainer") ||
         call.verb == absl::string_view("StartContainer") ||
         call.verb == absl::string_view("RemoveContainer");
}

void AddSlowAndHungCalls(std::vector<Check>& checks) {
  for (const GuestCall& call : GuestCalls()) {
    Obstacle obstacle = ObstacleOf(absl::StrCat("a-slow-guest-", call.word), call.is->needs);
    obstacle.obstruct = [&call](CheckContext& check, ShimUnderTest& shim,
                                const Obstacle::During& during) {
      SlowCall(check, shim, during, call);
    };
    MeetsAll(call) ? AddGuestIsolationRows(checks, obstacle)
                   : AddGuestIsolationRow(checks, obstacle);
    checks.push_back({.id = absl::StrCat("vm/a-hung-guest-", call.word, "-ends-in-time"),
                      .requirements = {"VM-14", "VM-15"},
                      .tags = {"matrix", "slow", kHypervisorFaultsTag},
                      .needs = call.is->needs | ToNeeds(Need::kGrouping),
                      .run = [&call](CheckContext& check) { HungCallEnds(check, call); }});
  }
  Obstacle input = ObstacleOf("a-guest-that-takes-no-input", 0);
  input.obstruct = InputIsStuck;
  AddGuestIsolationRow(checks, input);
}

}  // namespace

void AddVmGuestChecks(std::vector<Check>& checks) {
  AddSlowAndHungCalls(checks);
  for (const OddStatus& odd : OddStatuses()) {
    checks.push_back({.id = absl::StrCat("vm/a-status-", odd.word, "-is-255"),
                      .requirements = {"VM-20"},
                      .tags = {"matrix", kHypervisorFaultsTag},
                      .run = [&odd](CheckContext& check) { StatusIs255(check, odd); }});
  }
  const std::vector<Check> rows = {
      {.id = "vm/a-refused-container-touches-no-other",
       .requirements = {"VM-15"},
       .tags = {kHypervisorFaultsTag},
       .needs = ToNeeds(Need::kGrouping),
       .run = RefusalTouchesNoOther},
      {.id = "vm/a-signal-to-an-unknown-process-is-no-error",
       .requirements = {"VM-21"},
       .tags = {kHypervisorFaultsTag},
       .run = UnknownProcessIsNoError},
      {.id = "vm/one-missed-health-check-ends-nothing",
       .requirements = {"VM-11"},
       .tags = {"slow", kHypervisorFaultsTag},
       .run = OneMissedCheckEndsNothing},
      {.id = "vm/an-agent-silent-for-good-is-noticed",
       .requirements = {"VM-12"},
       .level = Level::kShould,
       .tags = {"slow", kHypervisorFaultsTag},
       .run = SilentAgentIsNoticed},
      {.id = "vm/input-taken-in-parts-arrives-whole",
       .requirements = {"VM-22"},
       .tags = {kHypervisorFaultsTag},
       .run = InputInPartsArrives},
      {.id = "vm/output-told-late-is-complete",
       .requirements = {"VM-25"},
       .tags = {kHypervisorFaultsTag},
       .run = LateOutputIsComplete},
      {.id = "vm/a-withheld-end-of-output-delays-the-exit-only-so-long",
       .requirements = {"VM-26"},
       .tags = {kHypervisorFaultsTag},
       .run = WithheldEndIsBounded},
      {.id = "vm/a-lack-of-memory-is-told-once",
       .requirements = {"VM-24"},
       .tags = {kHypervisorFaultsTag},
       .needs = ToNeeds(Need::kOomEvents),
       .run = OomIsToldOnce},
      {.id = "vm/no-lack-of-memory-is-told-after-delete",
       .requirements = {"VM-24"},
       .tags = {kHypervisorFaultsTag},
       .needs = ToNeeds(Need::kOomEvents) | ToNeeds(Need::kGrouping),
       .run = NoOomAfterDelete},
      {.id = "vm/a-refused-word-of-memory-is-not-asked-for-at-once",
       .requirements = {"VM-23"},
       .tags = {kHypervisorFaultsTag},
       .needs = ToNeeds(Need::kOomEvents),
       .run = RefusedOomIsNotAskedFor},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
