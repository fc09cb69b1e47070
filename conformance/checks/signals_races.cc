// SPDX-License-Identifier: Apache-2.0
// Ends that meet other ends, starts, and a shim that is stopped: none may get lost.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>

#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/checks/signals.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/host_pids.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Ne;
using ::testing::Not;

constexpr int kSweepSteps = 8;
constexpr int kCoalescedExits = 12;
constexpr milliseconds kStormDeadline{8000};

std::unique_ptr<PendingReply> StartAsync(const Exec& exec, ShimUnderTest& shim,
                                         const CallOptions& options = {}) {
  ::containerd::task::v3::StartRequest request;
  request.set_id(exec.id());
  request.set_exec_id(exec.exec_id());
  return shim.CallAsync("Start", request.SerializeAsString(), options);
}

// The daemon, stopped until this goes.
class StoppedShim {
 public:
  StoppedShim(CheckContext& check, ShimUnderTest& shim) : shim_(shim) {
    const pid_t pid = shim.pid();
    check.Require(shim.SendSignal(SIGSTOP), {.code = why::kHarness});
    check.ASSERT_THAT(check.Eventually([&] {
      const auto found = check.World().Find(pid);
      return found.has_value() && found->state == 'T';
    }),
                      Eq(true), {.text = "the daemon stops", .code = why::kHarness});
  }
  ~StoppedShim() { (void)shim_.SendSignal(SIGCONT); }
  StoppedShim(const StoppedShim&) = delete;
  StoppedShim& operator=(const StoppedShim&) = delete;

 private:
  ShimUnderTest& shim_;
};

void ExpectNoZombies(CheckContext& check, ShimUnderTest& shim) {
  std::vector<std::string> zombies;
  check.Eventually([&] {
    zombies.clear();
    for (const ProcessInfo& child : check.World().ChildrenOf(shim.pid())) {
      if (child.state == 'Z') zombies.push_back(absl::StrCat(child.pid, " (", child.name, ")"));
    }
    return zombies.empty();
  });
  check.EXPECT_THAT(
      zombies, IsEmpty(),
      {.text = "zombie children of the daemon", .code = why::kZombie, .requirement = "REAP-02"});
}

// --- a shim that is stopped meanwhile ------------------------------------------------------------

// A stopped parent gets one SIGCHLD for all children that die meanwhile.
void ExitsBehindOneSignal(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  std::vector<Exec> execs;
  std::vector<std::unique_ptr<PendingReply>> waits;
  for (int i = 0; i < kCoalescedExits; ++i) {
    execs.push_back(check.Require(task.AddExec(Program("wait_for_signal", absl::StrCat(100 + i)))));
    check.Require(execs.back().Start());
    check.ASSERT_THAT(execs.back().stdio().AwaitOutput("ready"), Eq(true),
                      {.text = "the output has \"ready\"", .code = why::kOutputLost});
    waits.push_back(execs.back().WaitAsync());
  }
  {
    const StoppedShim stopped(check, task.shim());
    for (const Exec& exec : execs) {
      check.ASSERT_THAT(::kill(exec.pid(), SIGTERM), Eq(0), {.code = why::kHarness});
    }
    const bool all_gone = check.Eventually([&] {
      return std::all_of(execs.begin(), execs.end(),
                         [](const Exec& exec) { return exec.ProcessGone(); });
    });
    check.ASSERT_THAT(all_gone, Eq(true), {.text = "the execs end", .code = why::kHarness});
  }
  for (int i = 0; i < kCoalescedExits; ++i) {
    check.EXPECT_THAT(AsExit(waits[static_cast<std::size_t>(i)]->Get()),
                      IsOkAndHolds(ExitedWith(static_cast<std::uint32_t>(100 + i))),
                      {.text = absl::StrCat("Wait of exec ", i + 1), .code = why::kExitLost});
  }
  ExpectNoZombies(check, task.shim());
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

void AnEndWhileStoppedIsToldLater(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Task sibling = check.Run(Program("pause"), {.shim = &task.shim()});
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  std::unique_ptr<PendingReply> state;
  {
    const StoppedShim stopped(check, task.shim());
    state = task.shim().CallAsync("State", StateRequest(sibling.id()));
    const auto container = check.World().Find(sibling.pid());
    check.EXPECT_THAT(container.has_value() && container->state != 'T', Eq(true),
                      {.text = "a stopped shim stops no container", .code = why::kProcessState});
    check.ASSERT_THAT(::kill(task.pid(), SIGKILL), Eq(0), {.code = why::kHarness});
    check.ASSERT_THAT(check.Eventually([&task] { return task.ProcessGone(); }), Eq(true),
                      {.text = "its process is gone", .code = why::kHarness});
    check.ASSERT_THAT(state->done() || wait->done(), Eq(false),
                      {.text = "nobody answers for a stopped shim", .code = why::kHarness});
  }
  check.EXPECT_THAT(state->Get(), IsOk(), {.text = "the call sent meanwhile is answered"});
  check.EXPECT_THAT(AsExit(wait->Get()), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kStopped)));
  check.EXPECT_THAT(sibling.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  check.EXPECT_THAT(SurplusTopics(EndTask(check, task), {"create", "start", "exit", "delete"}),
                    IsEmpty(), {.code = why::kEventUnexpected, .requirement = "EVT-21"});
}

void SpuriousSignalsChangeNothing(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const TaskView before = Observe(check, task);
  for (int i = 0; i < 50; ++i) check.Require(task.shim().SendSignal(SIGCHLD));
  ExpectUnchanged(check, task, before, "50 SIGCHLD without a child's end");
  check.Require(task.Kill(SIGKILL));
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
}

// --- an end during a start -----------------------------------------------------------------------

milliseconds TimeOfAStart(CheckContext& check, const Task& task) {
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "0")));
  const steady_clock::time_point begin = steady_clock::now();
  check.Require(exec.Start());
  const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  check.Require(exec.Wait());
  check.Require(exec.Delete());
  return std::clamp(took, milliseconds(kSweepSteps), milliseconds(150));
}

// The init dies at one point of the start of an exec. Whether that start still succeeds is left
// open; that everybody gets an answer is not.
void DieDuringStart(CheckContext& check, ShimUnderTest& shim, milliseconds offset) {
  const Task task = check.Run(Program("pause"), {.shim = &shim});
  const Exec exec = check.Require(task.AddExec(Program("pause")));
  const std::unique_ptr<PendingReply> wait = exec.WaitAsync();
  const std::unique_ptr<PendingReply> start = StartAsync(exec, shim);
  if (offset.count() > 0) check.Linger(offset);
  check.ASSERT_THAT(::kill(task.pid(), SIGKILL), Eq(0), {.code = why::kHarness});
  const std::string when = absl::StrCat(offset.count(), " ms after the Start of an exec was sent");
  const absl::Status started = start->Get().status();
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)),
                    {.text = absl::StrCat("Wait for an init that dies ", when)});
  const absl::StatusOr<ExitInfo> exit = AsExit(wait->Get());
  if (started.ok()) {
    check.EXPECT_THAT(exit, IsOk(), {.text = absl::StrCat("Wait for the exec: init died ", when)});
    if (exit.ok()) {
      check.EXPECT_THAT(exit->exit_status, Ne(0u),
                        {.text = "the exec that was killed with its init",
                         .code = why::kExitStatus,
                         .requirement = "REAP-07"});
    }
  }
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(137)),
                    {.text = absl::StrCat("Delete of an init that died ", when)});
}

void InitDiesDuringAStart(CheckContext& check) {
  const Task measured = check.Run(Program("pause"));
  const milliseconds window = TimeOfAStart(check, measured);
  for (int step = 0; step < kSweepSteps; ++step) {
    DieDuringStart(check, measured.shim(), window * step / kSweepSteps);
  }
  ExpectNoZombies(check, measured.shim());
  check.EXPECT_THAT(measured.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

// --- storms --------------------------------------------------------------------------------------

void OrphanStormLosesNoExit(CheckContext& check) {
  CreateOptions options;
  options.bundle.private_pid_namespace = false;  // orphans become the daemon's children
  const Task task = check.Run(Program("pause"), options);
  std::vector<Exec> execs;
  std::vector<std::uint32_t> codes;
  std::vector<std::unique_ptr<PendingReply>> starts;
  for (std::uint32_t i = 0; i < 4; ++i) {
    codes.push_back(0);
    execs.push_back(check.Require(task.AddExec(Program("orphan", "100", "9"))));
    codes.push_back(20 + i);
    execs.push_back(check.Require(task.AddExec(Program("exit_code", absl::StrCat(20 + i)))));
  }
  CallOptions storm;
  storm.deadline = kStormDeadline;
  for (const Exec& exec : execs) starts.push_back(StartAsync(exec, task.shim(), storm));
  for (const auto& start : starts) {
    const absl::Status started = start->Get().status();
    check.ASSERT_THAT(
        started, Not(HasCode(absl::StatusCode::kDeadlineExceeded)),
        {.text = "the start of an exec in a storm of 400 orphans", .code = why::kReplyDelayed});
    check.Require(started);
  }
  for (std::size_t i = 0; i < execs.size(); ++i) {
    check.EXPECT_THAT(execs[i].Wait(), IsOkAndHolds(ExitedWith(codes[i])),
                      {.text = "an exec in a storm of 400 orphans"});
  }
  ExpectNoZombies(check, task.shim());
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  const std::vector<Event> events = EndTask(check, task);
  const auto exits = std::count_if(events.begin(), events.end(),
                                   [](const Event& event) { return event.topic == "/tasks/exit"; });
  check.EXPECT_THAT(
      exits, Eq(static_cast<std::ptrdiff_t>(execs.size() + 1)),
      {.text = "exit events: those of 8 execs and the init", .code = why::kEventUnexpected});
}

}  // namespace

void AddExitRaceChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  const std::vector<Check> rows = {
      {.id = "signals-reap/exits-behind-one-sigchld-are-all-told",
       .requirements = {"REAP-02", "REAP-08"},
       .tags = {"race", kHostPidsTag},
       .needs = exec,
       .run = ExitsBehindOneSignal},
      {.id = "signals-reap/an-end-while-the-shim-is-stopped-is-told-later",
       .requirements = {"WAIT-01", "STATE-04", "EVT-21"},
       .tags = {"race", kHostPidsTag},
       .needs = ToNeeds(Need::kGrouping),
       .run = AnEndWhileStoppedIsToldLater},
      {.id = "signals-reap/spurious-sigchld-changes-nothing",
       .requirements = {"REAP-02"},
       .run = SpuriousSignalsChangeNothing},
      {.id = "signals-reap/an-init-that-dies-while-an-exec-starts",
       .requirements = {"REAP-08", "START-36", "REAP-07"},
       .tags = {"race", kHostPidsTag},
       .needs = Need::kExec | Need::kNamespaces | Need::kGrouping,
       .run = InitDiesDuringAStart},
      {.id = "signals-reap/a-storm-of-orphans-loses-no-exit",
       .requirements = {"REAP-03", "REAP-02"},
       .tags = {"race"},
       .needs = Need::kExec | Need::kNamespaces,
       .run = OrphanStormLosesNoExit},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
