// SPDX-License-Identifier: Apache-2.0
// Contract §5: what is published, in which order, with which fields, and that nobody waits for it.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <string>
#include <vector>

#include "conformance/checks/areas.h"
#include "conformance/checks/events_support.h"
#include "conformance/harness/check_context.h"
#include "containerd/topics.h"
#include "events/task.pb.h"

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Ne;
using ::testing::Not;

// --- order and number ----------------------------------------------------------------------------

void WholeLifeInOrder(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "7"));
  EndAndDelete(check, task);
  check.EXPECT_THAT(UntilDeleted(check, task.id()),
                    ElementsAre(Topic("create"), Topic("start"), Topic("exit"), Topic("delete")),
                    {.text = "the events of one short life"});
}

void ExecInOrder(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "3")));
  check.ASSERT_THAT(exec.Start(), IsOk());
  check.ASSERT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(3)));
  check.EXPECT_THAT(UntilTopic(check, task.id(), exec.exec_id(), "exit"),
                    ElementsAre(Topic("exec-added"), Topic("exec-started"), Topic("exit")));
}

void StartComesFirstHoweverShort(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  for (int round = 0; round < 20; ++round) {
    const Exec exec = check.Require(task.AddExec(Program("exit_code", "0")));
    check.ASSERT_THAT(exec.Start(), IsOk(), {.text = absl::StrCat("round ", round + 1)});
    check.ASSERT_THAT(exec.Wait(), IsOk(), {.text = absl::StrCat("round ", round + 1)});
    check.ASSERT_THAT(UntilTopic(check, task.id(), exec.exec_id(), "exit"),
                      ElementsAre(Topic("exec-added"), Topic("exec-started"), Topic("exit")),
                      {.text = absl::StrCat("round ", round + 1)});
    check.ASSERT_THAT(exec.Delete(), IsOk());
  }
}

void StartComesFirstForTasks(CheckContext& check) {
  for (int round = 0; round < 8; ++round) {
    const Task task = check.Run(Program("exit_code", "0"));
    EndAndDelete(check, task);
    check.ASSERT_THAT(UntilDeleted(check, task.id()),
                      ElementsAre(Topic("create"), Topic("start"), Topic("exit"), Topic("delete")),
                      {.text = absl::StrCat("round ", round + 1)});
  }
}

void OneExitPerProcess(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "1"));
  EndAndDelete(check, task);
  UntilDeleted(check, task.id());
  check.Linger(std::chrono::milliseconds(100));
  check.EXPECT_THAT(Count(ForContainer(check.Events(), task.id()), "exit"), Eq(1L),
                    {.code = why::kEventDuplicate});
}

void NoExitWithoutCreate(CheckContext& check) {
  const Task failed = check.TryCreate(Program("/no/such/program"));
  if (failed.create_status().ok()) {
    check.EXPECT_THAT(failed.Start(), IsError(), {.requirement = "CREATE-10"});
    check.Note("a missing command fails Start, not Create");
    return;
  }
  // A healthy life in the same shim afterwards: had the failed Create published anything, it would
  // have come before this one's events.
  const Task healthy = check.Run(Program("exit_code", "0"));
  EndAndDelete(check, healthy);
  UntilDeleted(check, healthy.id());
  check.Linger(std::chrono::milliseconds(100));
  check.EXPECT_THAT(
      ForContainer(check.Events(), failed.id()), IsEmpty(),
      {.text = "events of a task whose Create failed", .code = why::kEventUnexpected});
}

void InitExitIsLast(CheckContext& check, bool private_pid_namespace) {
  CreateOptions options;
  options.bundle.private_pid_namespace = private_pid_namespace;
  const Task task = check.Run(Program("pause"), options);
  std::vector<Exec> execs;
  for (int i = 0; i < 8; ++i) {
    execs.push_back(check.Require(task.AddExec(Program("pause"))));
    check.ASSERT_THAT(execs.back().Start(), IsOk());
  }
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  const std::vector<Event> events =
      ForContainer(check.AwaitEvents([&](const std::vector<Event>& all) {
        return Count(ForContainer(all, task.id()), "exit") >= 9;
      }),
                   task.id());
  std::vector<std::string> exits;
  for (const Event& event : events) {
    if (HasTopic(event, "exit")) exits.push_back(event.id == task.id() ? "init" : "exec");
  }
  check.ASSERT_THAT(exits.size(), Eq(9u),
                    {.text = "exits of eight execs and the init", .code = why::kEventMissing});
  check.EXPECT_THAT(exits.back(), Eq("init"),
                    {.text = "the last exit event of the container", .code = why::kEventOrder});
}
void InitExitIsLastInPrivateNamespace(CheckContext& check) { InitExitIsLast(check, true); }
void InitExitIsLastInSharedNamespace(CheckContext& check) { InitExitIsLast(check, false); }

void KilledInCreated(CheckContext& check) {
  const Task task = check.Create(Program("pause"));
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  EndAndDelete(check, task);
  check.EXPECT_THAT(UntilDeleted(check, task.id()),
                    ElementsAre(Topic("create"), Topic("exit"), Topic("delete")));
}

void DeletedInCreated(CheckContext& check) {
  const Task task = check.Create(Program("pause"));
  check.ASSERT_THAT(task.Delete(), IsOk());
  const std::vector<Event> events =
      ForContainer(check.AwaitEvents([&](const std::vector<Event>& all) {
        const std::vector<Event> own = ForContainer(all, task.id());
        return Count(own, "delete") > 0 && Count(own, "exit") > 0;
      }),
                   task.id());
  check.EXPECT_THAT(Count(events, "create"), Eq(1L), {.code = why::kEventMissing});
  check.EXPECT_THAT(Count(events, "start"), Eq(0L), {.code = why::kEventUnexpected});
  check.EXPECT_THAT(Count(events, "delete"), Eq(1L), {.code = why::kEventMissing});
  check.EXPECT_THAT(
      Count(events, "exit"), Eq(1L),
      {.text = "exit events, before or after the deletion", .code = why::kEventMissing});
}

void PausedAndResumed(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.ASSERT_THAT(task.Pause(), IsOk());
  check.ASSERT_THAT(task.Pause(), IsError(), {.text = "a second Pause", .requirement = "PAUSE-02"});
  check.ASSERT_THAT(task.Resume(), IsOk());
  check.ASSERT_THAT(task.Resume(), IsError(),
                    {.text = "a second Resume", .requirement = "PAUSE-02"});
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  EndAndDelete(check, task);
  check.EXPECT_THAT(UntilDeleted(check, task.id()),
                    ElementsAre(Topic("create"), Topic("start"), Topic("paused"), Topic("resumed"),
                                Topic("exit"), Topic("delete")),
                    {.text = "one event per successful call, none for the refused ones"});
}

void SharedShimKeepsContainersApart(CheckContext& check) {
  CreateOptions options;
  options.bundle.annotations = {{"io.containerd.runc.v2.group", "events-pod"}};
  const Task one = check.Run(Program("exit_code", "1"), options);
  options.shim = &one.shim();
  const Task two = check.Run(Program("exit_code", "2"), options);
  EndAndDelete(check, one);
  EndAndDelete(check, two);
  for (const Task& task : {one, two}) {
    check.EXPECT_THAT(UntilDeleted(check, task.id()),
                      ElementsAre(Topic("create"), Topic("start"), Topic("exit"), Topic("delete")),
                      {.text = absl::StrCat("the events of ", task.id())});
  }
  const std::vector<Event> events = check.Events();
  check.EXPECT_THAT(Only(check, ForContainer(events, one.id()), "exit").exit_status, Eq(1u),
                    {.code = why::kEventField});
  check.EXPECT_THAT(Only(check, ForContainer(events, two.id()), "exit").exit_status, Eq(2u),
                    {.code = why::kEventField});
}

// --- fields --------------------------------------------------------------------------------------

void EnvelopesAreAcceptable(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "0")));
  check.ASSERT_THAT(exec.Start(), IsOk());
  check.ASSERT_THAT(exec.Wait(), IsOk());
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  EndAndDelete(check, task);
  const std::vector<Event> events = UntilDeleted(check, task.id());
  check.ASSERT_THAT(events.size(), Gt(4u), {.code = why::kEventMissing});
  for (const Event& event : events) {
    check.EXPECT_THAT(event.ns, Eq(check.Namespace()),
                      {.text = absl::StrCat("namespace of ", event.topic),
                       .code = why::kEventField,
                       .requirement = "EVT-05"});
    check.EXPECT_THAT(containerd::ValidateTopic(event.topic), IsOk(),
                      {.text = "containerd refuses other topics", .code = why::kEventField});
    check.EXPECT_THAT(
        event.timestamp_ns, Ne(0),
        {.text = absl::StrCat("timestamp of ", event.topic), .code = why::kEventField});
    check.EXPECT_THAT(
        event.type_url,
        AllOf(::testing::StartsWith("containerd.events."), Not(::testing::HasSubstr("/"))),
        {.text = absl::StrCat("type URL of ", event.topic, " is a bare name"),
         .code = why::kEventField,
         .requirement = "EVT-04"});
  }
}

void CreateRepeatsTheRequest(CheckContext& check) {
  const Task task = check.Create(Program("pause"));
  const Event event = Only(check, UntilTopic(check, task.id(), "", "create"), "create");
  containerd::events::TaskCreate create;
  check.ASSERT_THAT(create.ParseFromString(event.payload), Eq(true),
                    {.text = "it can be decoded", .code = why::kEventField});
  check.EXPECT_THAT(create.bundle(), Eq(task.bundle().path), {.code = why::kEventField});
  check.EXPECT_THAT(static_cast<pid_t>(create.pid()), Eq(task.pid()),
                    {.text = "pid of the event and of the reply", .code = why::kEventField});
  check.EXPECT_THAT(create.io().stdout(), Eq(task.stdio().stdout_path()),
                    {.code = why::kEventField});
  check.EXPECT_THAT(create.io().stderr(), Eq(task.stdio().stderr_path()),
                    {.code = why::kEventField});
  check.EXPECT_THAT(
      create.io().terminal(), Eq(false),
      {.text = "/tasks/create says that there is no terminal", .code = why::kEventField});
  check.EXPECT_THAT(create.checkpoint(), IsEmpty(), {.code = why::kEventField});
}

void CreateRepeatsTheMounts(CheckContext& check) {
  const Task task = check.Create(Program("pause"));
  const Event event = Only(check, UntilTopic(check, task.id(), "", "create"), "create");
  containerd::events::TaskCreate create;
  check.ASSERT_THAT(create.ParseFromString(event.payload), Eq(true),
                    {.text = "it can be decoded", .code = why::kEventField});
  check.ASSERT_THAT(create.rootfs_size(), Eq(1),
                    {.text = "mounts in the event", .code = why::kEventField});
  check.EXPECT_THAT(create.rootfs(0).source(), Eq(task.bundle().rootfs_source),
                    {.code = why::kEventField});
  check.EXPECT_THAT(create.rootfs(0).type(), Eq("bind"),
                    {.text = "type of the mount in the event", .code = why::kEventField});
  const std::vector<std::string> options(create.rootfs(0).options().begin(),
                                         create.rootfs(0).options().end());
  check.EXPECT_THAT(options, ::testing::ElementsAre("rbind", "rw"),
                    {.text = "options of the mount in the event", .code = why::kEventField});
}

void ExitNamesItsProcess(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "9")));
  const pid_t exec_pid = check.Require(exec.Start());
  check.ASSERT_THAT(exec.Wait(), IsOk());
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  EndAndDelete(check, task);
  const std::vector<Event> events = UntilDeleted(check, task.id());

  const Event of_exec = Only(check, ForProcess(events, task.id(), exec.exec_id()), "exit");
  check.EXPECT_THAT(of_exec.id, Eq(exec.exec_id()),
                    {.text = "TaskExit.id of an exec", .code = why::kEventField});
  check.EXPECT_THAT(static_cast<pid_t>(of_exec.pid), Eq(exec_pid), {.code = why::kEventField});
  check.EXPECT_THAT(of_exec.exit_status, Eq(9u), {.code = why::kEventField});

  const Event of_init = Only(check, ForProcess(events, task.id(), ""), "exit");
  check.EXPECT_THAT(of_init.id, Eq(task.id()),
                    {.text = "TaskExit.id of the init", .code = why::kEventField});
  check.EXPECT_THAT(static_cast<pid_t>(of_init.pid), Eq(task.pid()), {.code = why::kEventField});
  check.EXPECT_THAT(of_init.exit_status, Eq(137u), {.code = why::kEventField});
}

void DeleteEqualsTheReply(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "6"));
  const ExitInfo reply = EndAndDelete(check, task);
  const Event event =
      Only(check, ForProcess(UntilDeleted(check, task.id()), task.id(), ""), "delete");
  check.EXPECT_THAT(event.pid, Eq(reply.pid), {.code = why::kEventField});
  check.EXPECT_THAT(event.exit_status, Eq(reply.exit_status), {.code = why::kEventField});
  check.EXPECT_THAT(event.exited_at_ns, Eq(reply.exited_at_ns), {.code = why::kEventField});
}

void EverybodyAgreesOnTheExit(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "42"));
  const ExitInfo waited = check.Require(task.Wait());
  const StateInfo state = check.Require(task.State());
  const ExitInfo deleted = check.Require(task.Delete());
  const std::vector<Event> events = UntilDeleted(check, task.id());
  const Event exit = Only(check, events, "exit");
  const Event removal = Only(check, events, "delete");
  check.EXPECT_THAT(waited.exit_status, Eq(42u), {.code = why::kExitStatus});
  for (const auto& [source, status, at] :
       std::vector<std::tuple<std::string, std::uint32_t, std::int64_t>>{
           {"State", state.exit_status, state.exited_at_ns},
           {"Delete", deleted.exit_status, deleted.exited_at_ns},
           {"/tasks/exit", exit.exit_status, exit.exited_at_ns},
           {"/tasks/delete", removal.exit_status, removal.exited_at_ns}}) {
    check.EXPECT_THAT(
        status, Eq(waited.exit_status),
        {.text = absl::StrCat("status in ", source, " and in Wait"), .code = why::kExitStatus});
    check.EXPECT_THAT(
        at, Eq(waited.exited_at_ns),
        {.text = absl::StrCat("exited_at in ", source, " and in Wait"), .code = why::kExitStatus});
  }
}

void ExecDeletionIsNotTheContainers(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "0")));
  check.ASSERT_THAT(exec.Start(), IsOk());
  check.ASSERT_THAT(exec.Wait(), IsOk());
  check.ASSERT_THAT(exec.Delete(), IsOk());
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  EndAndDelete(check, task);
  const std::vector<Event> events = UntilDeleted(check, task.id());
  check.ASSERT_THAT(!events.empty() && HasTopic(events.back(), "delete"), Eq(true),
                    {.text = "the delete event comes last", .code = why::kEventOrder});
  for (std::size_t i = 0; i + 1 < events.size(); ++i) {
    if (!HasTopic(events[i], "delete")) continue;
    check.EXPECT_THAT(events[i].id, Eq(exec.exec_id()),
                      {.text = "an exec's deletion names the exec", .code = why::kEventField});
  }
}

// --- delivery ------------------------------------------------------------------------------------

void OneDeliveryAtATime(CheckContext& check) {
  check.Sink().SetMode(EventSink::Mode::kSlow, std::chrono::milliseconds(30));
  const Task task = check.Run(Program("exit_code", "0"));
  EndAndDelete(check, task);
  check.EXPECT_THAT(UntilDeleted(check, task.id()),
                    ElementsAre(Topic("create"), Topic("start"), Topic("exit"), Topic("delete")),
                    {.text = "a slow sink still gets all events in order"});
  check.EXPECT_THAT(check.Sink().outstanding_max(), Le(1u),
                    {.text = "Forward calls in flight at once", .code = why::kEventOrder});
}

void SilentSinkDelaysNoCall(CheckContext& check) {
  check.Sink().SetMode(EventSink::Mode::kSilent);
  const Task task = check.Run(Program("pause"));
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  check.EXPECT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(task.Delete(), IsOk());
  check.EXPECT_THAT(check.Eventually([&] { return check.Sink().received() > 0; }), Eq(true),
                    {.text = "the silent sink was asked", .code = why::kEventMissing});
  check.Sink().SetMode(EventSink::Mode::kPrompt);
}

void RefusalsAreNotFatal(CheckContext& check) {
  check.Sink().SetMode(EventSink::Mode::kRefuse, {}, absl::StatusCode::kUnavailable);
  const Task task = check.Run(Program("pause"));
  check.ASSERT_THAT(check.Eventually([&] { return check.Sink().received() > 0; }), Eq(true),
                    {.text = "the refusing sink was asked", .code = why::kEventMissing});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  check.Sink().SetMode(EventSink::Mode::kPrompt);
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  EndAndDelete(check, task);
  check.EXPECT_THAT(Count(UntilDeleted(check, task.id()), "delete"), Eq(1L),
                    {.text = "events flow again", .code = why::kEventMissing});
}

void ReconnectsAfterARestart(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  UntilTopic(check, task.id(), "", "start");
  check.Sink().Stop();
  check.Sink().Restart();
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  EndAndDelete(check, task);
  const std::vector<Event> events = UntilDeleted(check, task.id());
  check.EXPECT_THAT(Count(events, "exit"), Eq(1L),
                    {.text = "exit after a restart of containerd", .code = why::kEventMissing});
  check.EXPECT_THAT(Count(events, "delete"), Eq(1L),
                    {.text = "delete after a restart of containerd", .code = why::kEventMissing});
}

void DeliversAfterAnOutage(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  UntilTopic(check, task.id(), "", "start");
  check.Sink().Stop();
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.ASSERT_THAT(task.Wait(), IsOk());
  check.Linger(std::chrono::milliseconds(150));
  check.Sink().Restart();
  const std::vector<Event> events = UntilTopic(check, task.id(), "", "exit");
  check.EXPECT_THAT(
      Count(events, "exit"), ::testing::Ge(1L),
      {.text = "the exit that happened during the outage", .code = why::kEventMissing});
}

void FlushesBeforeItEnds(CheckContext& check) {
  for (int round = 0; round < 5; ++round) {
    const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
    ShimUnderTest& shim = check.StartShim(bundle);
    const Task task =
        check.Create(Program("exit_code", "0"), {.existing_bundle = bundle, .shim = &shim});
    check.ASSERT_THAT(task.Start(), IsOk());
    check.ASSERT_THAT(task.Wait(), IsOk());
    check.ASSERT_THAT(task.Delete(), IsOk());
    check.ASSERT_THAT(shim.Shutdown(bundle.id), IsOk());
    check.EXPECT_THAT(
        Count(UntilDeleted(check, bundle.id), "delete"), Eq(1L),
        {.text = absl::StrCat("round ", round + 1, ": Delete directly followed by Shutdown"),
         .code = why::kEventMissing});
  }
}

void OomComesBeforeTheExit(CheckContext& check) {
  CreateOptions options;
  options.bundle.memory_limit_bytes = 24 << 20;
  options.stdio.standard_input = true;
  // Only memory that is taken after the reply of Start: a kill before it is a race between the
  // kernel and any shim that can watch a container only once it runs.
  const Task task = check.Run(Program("allocate", "256", "--when-told"), options);
  check.ASSERT_THAT(task.stdio().WriteInput("now"), IsOk(), {.code = why::kHarness});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)), {.requirement = "EXIT-03"});
  check.ASSERT_THAT(task.Delete(), IsOk());
  const std::vector<Event> events = UntilDeleted(check, task.id());
  const auto oom = std::find_if(events.begin(), events.end(),
                                [](const Event& event) { return HasTopic(event, "oom"); });
  const auto exit = std::find_if(events.begin(), events.end(),
                                 [](const Event& event) { return HasTopic(event, "exit"); });
  check.ASSERT_THAT(
      oom != events.end(), Eq(true),
      {.text = "an event /tasks/oom", .code = why::kEventMissing, .requirement = "EVT-30"});
  check.EXPECT_THAT(oom < exit, Eq(true),
                    {.text = "/tasks/oom comes before /tasks/exit", .code = why::kEventOrder});
}

}  // namespace

void AddEventsChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  const std::vector<Check> rows = {
      {.id = "events/whole-life-in-order",
       .requirements = {"EVT-20", "EVT-01", "EVT-03", "START-31"},
       .run = WholeLifeInOrder},
      {.id = "events/exec-in-order",
       .requirements = {"EVT-20", "EVT-03"},
       .needs = exec,
       .run = ExecInOrder},
      {.id = "events/exec-start-comes-before-exit-however-short",
       .requirements = {"START-31", "EVT-20", "REAP-08"},
       .tags = {"race"},
       .needs = exec,
       .run = StartComesFirstHoweverShort},
      {.id = "events/start-comes-before-exit-however-short",
       .requirements = {"START-31", "EVT-20", "REAP-08"},
       .tags = {"race"},
       .run = StartComesFirstForTasks},
      {.id = "events/one-exit-per-process", .requirements = {"EVT-21"}, .run = OneExitPerProcess},
      {.id = "events/no-event-for-a-failed-create",
       .requirements = {"EVT-22", "CREATE-10", "CREATE-11"},
       .run = NoExitWithoutCreate},
      {.id = "events/init-exit-comes-last",
       .requirements = {"EVT-23", "REAP-07"},
       .tags = {"race"},
       .needs = Need::kExec | Need::kNamespaces,
       .run = InitExitIsLastInPrivateNamespace},
      {.id = "events/init-exit-comes-last-in-a-shared-pid-namespace",
       .requirements = {"EVT-24", "EVT-23", "REAP-06"},
       .tags = {"race"},
       .needs = Need::kExec | Need::kNamespaces,
       .host = ToHostNeeds(HostNeed::kEngineCgroups),
       .run = InitExitIsLastInSharedNamespace},
      {.id = "events/killed-in-created-state",
       .requirements = {"EVT-25", "KILL-08"},
       .run = KilledInCreated},
      {.id = "events/deleted-in-created-state",
       .requirements = {"EVT-26", "DELETE-04"},
       .level = Level::kShould,
       .run = DeletedInCreated},
      {.id = "events/paused-and-resumed",
       .requirements = {"PAUSE-01", "PAUSE-02", "EVT-03"},
       .level = Level::kShould,
       .needs = ToNeeds(Need::kPause),
       .run = PausedAndResumed},
      {.id = "events/containers-of-one-shim-are-kept-apart",
       .requirements = {"EVT-03", "EVT-20"},
       .needs = ToNeeds(Need::kGrouping),
       .run = SharedShimKeepsContainersApart},
      {.id = "events/envelopes-are-acceptable",
       .requirements = {"EVT-02", "EVT-04", "EVT-05"},
       .needs = exec,
       .run = EnvelopesAreAcceptable},
      {.id = "events/create-repeats-the-request",
       .requirements = {"EVT-10", "CREATE-15"},
       .run = CreateRepeatsTheRequest},
      {.id = "events/create-repeats-the-mounts",
       .requirements = {"EVT-10"},
       .needs = ToNeeds(Need::kRootfsMounts),
       .run = CreateRepeatsTheMounts},
      {.id = "events/exit-names-its-process",
       .requirements = {"EVT-11"},
       .needs = exec,
       .run = ExitNamesItsProcess},
      {.id = "events/delete-equals-the-reply",
       .requirements = {"EVT-12"},
       .run = DeleteEqualsTheReply},
      {.id = "events/everybody-agrees-on-the-exit",
       .requirements = {"TASK-07"},
       .run = EverybodyAgreesOnTheExit},
      {.id = "events/deletion-of-an-exec-is-not-the-containers",
       .requirements = {"EVT-13"},
       .level = Level::kShould,
       .needs = exec,
       .run = ExecDeletionIsNotTheContainers},
      {.id = "events/one-delivery-at-a-time",
       .requirements = {"EVT-27"},
       .level = Level::kShould,
       .run = OneDeliveryAtATime},
      {.id = "events/a-silent-sink-delays-no-call",
       .requirements = {"EVT-28", "TASK-10"},
       .run = SilentSinkDelaysNoCall},
      {.id = "events/refusals-are-not-fatal",
       .requirements = {"EVT-49"},
       .run = RefusalsAreNotFatal},
      {.id = "events/reconnects-after-a-restart",
       .requirements = {"EVT-40"},
       .run = ReconnectsAfterARestart},
      {.id = "events/delivers-after-an-outage",
       .requirements = {"EVT-43"},
       .run = DeliversAfterAnOutage},
      {.id = "events/flushes-before-it-ends",
       .requirements = {"EVT-47"},
       .level = Level::kShould,
       .run = FlushesBeforeItEnds},
      {.id = "events/oom-comes-before-the-exit",
       .requirements = {"EVT-29", "EVT-30", "EVT-32", "EXIT-03"},
       .level = Level::kShould,
       .needs = ToNeeds(Need::kOomEvents),
       .run = OomComesBeforeTheExit},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
  AddEventFieldChecks(checks);
  AddEventDeliveryChecks(checks);
}

}  // namespace conformance
