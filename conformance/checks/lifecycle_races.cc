// SPDX-License-Identifier: Apache-2.0
// Contract §4 where two things happen at once, and how soon an end is told. The offsets are swept,
// not slept: each round makes the calls in another order or with more work between them.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "conformance/checks/lifecycle.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/host_pids.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::Eq;

constexpr seconds kExitDeadline{16};

std::string ShutdownRequest(const std::string& id) {
  containerd::task::v3::ShutdownRequest request;
  request.set_id(id);
  return request.SerializeAsString();
}

bool HasExit(const std::vector<Event>& events, const std::string& id) {
  return std::any_of(events.begin(), events.end(), [&id](const Event& event) {
    return event.topic == "/tasks/exit" && event.container_id == id;
  });
}

// A Kill that comes as the process ends by itself finds it or does not; either way it is over.
void KillRacesTheExit(CheckContext& check) {
  constexpr int kRounds = 20;
  const Task leader = check.Run(Program("pause"));
  for (int round = 0; round < kRounds; ++round) {
    const Task task = check.Create(Program("exit_code", "0"), {.shim = &leader.shim()});
    check.ASSERT_THAT(task.Start(), IsOk());
    // The later the round, the later the Kill.
    for (int call = 0; call < round / 2; ++call) check.Require(leader.State());
    check.EXPECT_THAT(task.Kill(SIGKILL),
                      HasCodeIn({absl::StatusCode::kOk, absl::StatusCode::kNotFound}),
                      {.text = "Kill while the process ends by itself"});
    check.ASSERT_THAT(task.Wait(), IsOk());
    check.ASSERT_THAT(task.Delete(), IsOk(), {.text = "Delete after a Kill that came late"});
  }
}

bool AllDone(const std::vector<std::unique_ptr<PendingReply>>& calls) {
  return std::all_of(calls.begin(), calls.end(), [](const auto& call) { return call->done(); });
}

// Delete, Shutdown and the end of the last process, all under way at once. The daemon may end only
// if Delete came first.
void MeetOnce(CheckContext& check, int states_between) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& shim = check.StartShim(bundle);
  const Task task = check.Create(Program("pause"), {.existing_bundle = bundle, .shim = &shim});
  check.ASSERT_THAT(task.Start(), IsOk());
  check.ExpectShimDeath(shim.pid());
  std::vector<std::unique_ptr<PendingReply>> calls;
  calls.push_back(shim.CallAsync("Kill", KillRequest(task.id(), "", SIGKILL)));
  calls.push_back(shim.CallAsync("Shutdown", ShutdownRequest(task.id())));
  for (int call = 0; call < states_between; ++call) {
    calls.push_back(shim.CallAsync("State", StateRequest(task.id())));
  }
  calls.push_back(shim.CallAsync("Delete", DeleteRequest(task.id())));
  check.ASSERT_THAT(check.Eventually([&] { return AllDone(calls); }), Eq(true),
                    {.text = "every call is answered", .code = why::kReplyMissing});
  const auto told = [&](const std::vector<Event>& events) { return HasExit(events, task.id()); };
  if (calls.back()->Get().ok()) {
    check.ASSERT_THAT(told(check.AwaitEvents(told)), Eq(true),
                      {.text = "the exit is published", .code = why::kEventMissing});
    if (shim.connected()) check.ASSERT_THAT(shim.Shutdown(task.id()), IsOk());
  } else {
    check.ASSERT_THAT(shim.alive(), Eq(true),
                      {.text = "a task was left when Shutdown came", .code = why::kShimCrashed});
    check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
    check.ASSERT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(137)));
    check.ASSERT_THAT(told(check.AwaitEvents(told)), Eq(true),
                      {.text = "the exit is published", .code = why::kEventMissing});
    check.ASSERT_THAT(shim.Shutdown(task.id()), IsOk());
  }
  check.EXPECT_THAT(shim.AwaitExit(kExitDeadline), Eq(true),
                    {.text = "the shim ends", .code = why::kLeftProcess});
}

void ShutdownDeleteAndExitAtOnce(CheckContext& check) {
  for (int round = 0; round < 6; ++round) MeetOnce(check, round);
}

void SeveralShutdownsAtOnce(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& shim = check.StartShim(bundle);
  ShimUnderTest& other = check.ConnectTo(shim.address(), shim.task_version());
  check.ASSERT_THAT(shim.pid(), ::testing::Gt(0));
  check.ASSERT_THAT(other.pid(), Eq(shim.pid()));
  check.ExpectShimDeath(shim.pid());
  std::vector<std::unique_ptr<PendingReply>> calls;
  for (int i = 0; i < 4; ++i) {
    for (ShimUnderTest* connection : {&shim, &other}) {
      calls.push_back(connection->CallAsync("Shutdown", ShutdownRequest(bundle.id)));
    }
  }
  check.EXPECT_THAT(check.Eventually([&] { return AllDone(calls); }, seconds(5)), Eq(true),
                    {.text = "eight Shutdowns end within 5 s", .code = why::kReplyMissing});
  for (const auto& call : calls) {
    check.EXPECT_THAT(call->Get(),
                      HasCodeIn({absl::StatusCode::kOk, absl::StatusCode::kUnavailable}),
                      {.text = "Shutdown is answered or the connection closes"});
  }
  check.EXPECT_THAT(shim.AwaitExit(kExitDeadline), Eq(true),
                    {.text = "the shim ends", .code = why::kLeftProcess});
}

// Exit event and Wait must not be held back for clean-up: clients count the time.
void AnExitIsToldWithinASecond(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.ASSERT_THAT(check.Eventually([&] { return task.ProcessGone(); }), Eq(true),
                    {.text = "its process is gone", .code = why::kProcessState});
  check.EXPECT_THAT(check.Eventually([&] { return wait->done(); }, seconds(1)), Eq(true),
                    {.text = "Wait within a second of the end", .code = why::kExitLost});
  check.EXPECT_THAT(
      check.Eventually([&] { return HasExit(check.Events(), task.id()); }, seconds(1)), Eq(true),
      {.text = "the exit event within a second more", .code = why::kEventMissing});
}

// Events belong to the shim, not to the connection over which a task was made.
void EventsOutliveTheirConnection(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  ShimUnderTest& second = check.ConnectTo(task.shim().address(), task.shim().task_version());
  check.ASSERT_THAT(second.Connect(task.id()), IsOk());
  task.shim().Disconnect();
  const Task attached = check.Attach(task, second);
  check.ASSERT_THAT(attached.Kill(SIGKILL), IsOk());
  check.ASSERT_THAT(attached.Wait(), IsOk());
  check.ASSERT_THAT(attached.Delete(), IsOk());
  const std::vector<Event> events = EventsOfDeleted(check, attached);
  check.EXPECT_THAT(
      Topics(events), ElementsAre("create", "start", "exit", "delete"),
      {.text = "events of a task whose connection was closed", .code = why::kEventMissing});
}

void EachContainerGetsItsOwnSignals(CheckContext& check) {
  const Task first = check.Run(Program("wait_for_signal"));
  const Task second = check.Run(Program("wait_for_signal"), {.shim = &first.shim()});
  for (const Task* task : {&first, &second}) {
    check.ASSERT_THAT(task->stdio().AwaitOutput("ready"), Eq(true),
                      {.text = "the output has \"ready\"", .code = why::kOutputLost});
  }
  for (const auto& [task, signo] : std::vector<std::pair<const Task*, int>>{
           {&first, SIGUSR1}, {&second, SIGINT}, {&first, SIGHUP}, {&second, SIGUSR2}}) {
    check.ASSERT_THAT(task->Kill(signo), IsOk());
    check.ASSERT_THAT(
        task->stdio().AwaitOutput(absl::StrCat("signal ", signo, "\n")), Eq(true),
        {.text = "the container it was meant for takes the signal", .code = why::kProcessState});
  }
  for (const Task* task : {&first, &second}) {
    check.ASSERT_THAT(task->Kill(SIGTERM), IsOk());
    check.ASSERT_THAT(task->Wait(), IsOkAndHolds(ExitedWith(0)));
    check.ASSERT_THAT(task->stdio().AwaitEof(), Eq(true),
                      {.text = "the output ends", .code = why::kOutputNoEof});
  }
  check.EXPECT_THAT(
      first.stdio().output(),
      Eq(absl::StrCat("ready\nsignal ", SIGUSR1, "\nsignal ", SIGHUP, "\nsignal ", SIGTERM, "\n")),
      {.text = "signals of the first container", .code = why::kProcessState});
  check.EXPECT_THAT(
      second.stdio().output(),
      Eq(absl::StrCat("ready\nsignal ", SIGINT, "\nsignal ", SIGUSR2, "\nsignal ", SIGTERM, "\n")),
      {.text = "signals of the second container", .code = why::kProcessState});
}

}  // namespace

void AddRaceChecks(std::vector<Check>& checks) {
  const std::vector<Check> rows = {
      {.id = "lifecycle/kill-races-the-exit",
       .requirements = {"KILL-02", "DELETE-01", "WAIT-02"},
       .tags = {"race"},
       .needs = ToNeeds(Need::kGrouping),
       .run = KillRacesTheExit},
      {.id = "lifecycle/shutdown-delete-and-exit-at-once",
       .requirements = {"SHUT-01", "EVT-21", "DELETE-03"},
       .tags = {"race"},
       .run = ShutdownDeleteAndExitAtOnce},
      {.id = "lifecycle/several-shutdowns-at-once",
       .requirements = {"SHUT-02", "SHUT-05"},
       .tags = {"race"},
       .run = SeveralShutdownsAtOnce},
      {.id = "lifecycle/an-exit-is-told-within-a-second",
       .requirements = {"WAIT-01", "EVT-20"},
       .tags = {kHostPidsTag},
       .run = AnExitIsToldWithinASecond},
      {.id = "lifecycle/events-outlive-their-connection",
       .requirements = {"SOCK-14", "EVT-20"},
       .run = EventsOutliveTheirConnection},
      {.id = "lifecycle/each-container-gets-its-own-signals",
       .requirements = {"KILL-01", "TASK-03"},
       .needs = ToNeeds(Need::kGrouping),
       .run = EachContainerGetsItsOwnSignals},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
