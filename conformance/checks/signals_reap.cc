// SPDX-License-Identifier: Apache-2.0
// Contract §4.7 and §7: Kill, exit statuses, reaping.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "conformance/checks/areas.h"
#include "conformance/checks/signals.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/host_pids.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::Ge;
using ::testing::Ne;

// --- exit status ---------------------------------------------------------------------------------

void ReportsExitCodes(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  for (const int code : {0, 1, 2, 42, 125, 126, 127, 128, 137, 254, 255}) {
    const Exec exec = check.Require(task.AddExec(Program("exit_code", absl::StrCat(code))));
    check.ASSERT_THAT(exec.Start(), IsOk());
    check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(static_cast<std::uint32_t>(code))),
                      {.text = absl::StrCat("a process that exits with ", code)});
    check.EXPECT_THAT(exec.Delete(), IsOkAndHolds(ExitedWith(static_cast<std::uint32_t>(code))));
  }
}

void InitExitCode(CheckContext& check) {
  for (const int code : {0, 1, 255}) {
    const Task task = check.Run(Program("exit_code", absl::StrCat(code)));
    check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(static_cast<std::uint32_t>(code))));
  }
}

void ReportsLowEightBits(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "300"));
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(44)));
}

void ReportsDeathBySignal(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  for (const int signo :
       {SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGKILL, SIGSEGV, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1}) {
    const Exec exec = check.Require(task.AddExec(Program("kill_self", absl::StrCat(signo))));
    check.ASSERT_THAT(exec.Start(), IsOk());
    check.EXPECT_THAT(exec.Wait(),
                      IsOkAndHolds(ExitedWith(128u + static_cast<std::uint32_t>(signo))),
                      {.text = absl::StrCat("a process that dies by signal ", signo)});
  }
}

void ReportsDeathByKill(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  for (const int signo : {SIGTERM, SIGKILL, SIGUSR2}) {
    const Exec exec = check.Require(task.AddExec(Program("pause", "--ready")));
    check.ASSERT_THAT(exec.Start(), IsOk());
    check.ASSERT_THAT(exec.stdio().AwaitOutput("ready"), Eq(true),
                      {.text = "the output has \"ready\"", .code = why::kOutputLost});
    check.ASSERT_THAT(exec.Kill(signo), IsOk());
    check.EXPECT_THAT(exec.Wait(),
                      IsOkAndHolds(ExitedWith(128u + static_cast<std::uint32_t>(signo))),
                      {.text = absl::StrCat("a process killed by signal ", signo)});
  }
}

void UnknownStatusIsNotInvented(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  const ExitInfo waited = check.Require(task.Wait());
  check.EXPECT_THAT(waited.exit_status, Eq(137u),
                    {.text = "SIGKILL; 255 means that nobody knows", .code = why::kExitStatus});
}

// --- Kill ----------------------------------------------------------------------------------------

void DeliversTheSignal(CheckContext& check) {
  const Task task = check.Run(Program("wait_for_signal", "--stay"));
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  for (const int signo : {SIGUSR1, SIGHUP, SIGWINCH, SIGTERM}) {
    check.ASSERT_THAT(task.Kill(signo), IsOk());
    check.EXPECT_THAT(
        task.stdio().AwaitOutput(absl::StrCat("signal ", signo, "\n")), Eq(true),
        {.text = absl::StrCat("signal ", signo, " reaches the init"), .code = why::kProcessState});
  }
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

void DeliversOnce(CheckContext& check) {
  // Real-time signals queue, the lower number first: none can hide behind another.
  constexpr int kQueued = 40;
  constexpr int kLast = 41;
  const Task task = check.Run(Program("wait_for_signal", "--stay"));
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  check.ASSERT_THAT(task.Kill(kQueued), IsOk());
  check.ASSERT_THAT(task.Kill(kLast), IsOk());
  check.ASSERT_THAT(task.stdio().AwaitOutput(absl::StrCat("signal ", kLast, "\n")), Eq(true),
                    {.text = "the program tells of the signal", .code = why::kProcessState});
  const std::string first = absl::StrCat("signal ", kQueued, "\n");
  const std::string& seen = task.stdio().output();
  check.EXPECT_THAT(seen.find(first), Ne(std::string::npos), {.code = why::kProcessState});
  check.EXPECT_THAT(seen.find(first), Eq(seen.rfind(first)),
                    {.text = "one Kill is one signal", .code = why::kProcessState});
}

void KillOfExecSparesTheRest(CheckContext& check) {
  const Task task = check.Run(Program("wait_for_signal", "--stay"));
  const Exec one = check.Require(task.AddExec(Program("pause")));
  const Exec two = check.Require(task.AddExec(Program("pause")));
  check.ASSERT_THAT(one.Start(), IsOk());
  check.ASSERT_THAT(two.Start(), IsOk());
  check.ASSERT_THAT(one.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(one.Wait(), IsOkAndHolds(ExitedWith(137)));
  // Had the init got the signal, this exec would have died of it, too, and a moment earlier.
  check.Linger(std::chrono::milliseconds(50));
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the init", .requirement = "REAP-05"});
  check.EXPECT_THAT(two.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the other exec", .requirement = "REAP-05"});
  check.EXPECT_THAT(task.ProcessGone(), Eq(false),
                    {.text = "its process still runs", .code = why::kProcessState});
  check.EXPECT_THAT(two.ProcessGone(), Eq(false),
                    {.text = "its process still runs", .code = why::kProcessState});
  // And the other way round.
  check.ASSERT_THAT(task.Kill(SIGUSR1), IsOk());
  check.ASSERT_THAT(task.stdio().AwaitOutput(absl::StrCat("signal ", SIGUSR1, "\n")), Eq(true),
                    {.text = "the program tells of the signal", .code = why::kProcessState});
  check.Linger(std::chrono::milliseconds(50));  // it would die of it
  check.EXPECT_THAT(
      two.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
      {.text = "an exec, after a signal for the init alone", .requirement = "KILL-06"});
}

void KillOfStoppedIsNotFound(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "0"));
  check.ASSERT_THAT(task.Wait(), IsOk());
  check.EXPECT_THAT(task.Kill(SIGKILL), HasCode(absl::StatusCode::kNotFound));
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)),
                    {.text = "Wait completes after a late Kill"});
}

void SignalZeroProbes(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.EXPECT_THAT(task.Kill(0), IsOk(), {.text = "signal 0"});
  check.EXPECT_THAT(task.Kill(250), IsError(), {.text = "signal 250 does not exist"});
  check.Linger(std::chrono::milliseconds(50));  // whatever was sent has arrived by now
  check.EXPECT_THAT(task.ProcessGone(), Eq(false),
                    {.text = "a probe delivers nothing", .code = why::kProcessState});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

// The end of the init would end the others, too: a signal that it ignores, as pid 1 does, shows
// whether they get their own.
void ExpectOthersAreSignalled(CheckContext& check) {
  const Task task = check.Run(Program("spawn_tree", "1", "2"));
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  const std::vector<pid_t> members = check.World().CgroupPids(task.pid());
  check.ASSERT_THAT(members.size(), Ge(3u),
                    {.text = "processes in the container", .code = why::kHarness});
  check.ASSERT_THAT(task.Kill(SIGTERM, /*all=*/true), IsOk());
  check.EXPECT_THAT(
      check.Eventually([&] {
        return std::none_of(members.begin(), members.end(), [&](pid_t pid) {
          const auto found = check.World().Find(pid);
          return pid != task.pid() && found.has_value() && found->state != 'Z';
        });
      }),
      Eq(true),
      {.text = "SIGTERM to all reaches the children of the init", .code = why::kProcessState});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "pid 1 without a handler ignores SIGTERM"});
}

void KillAllReachesEverybody(CheckContext& check) {
  ExpectOthersAreSignalled(check);
  CreateOptions options;
  options.bundle.private_pid_namespace = false;
  const Task task = check.Run(Program("spawn_tree", "2", "2"), options);
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  const std::vector<pid_t> members = check.World().CgroupPids(task.pid());
  check.ASSERT_THAT(members.size(), Ge(3u),
                    {.text = "processes in the container", .code = why::kHarness});
  check.ASSERT_THAT(task.Kill(SIGKILL, /*all=*/true), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(check.Eventually([&] {
    return std::none_of(members.begin(), members.end(), [&](pid_t pid) {
      const auto found = check.World().Find(pid);
      return found.has_value() && found->state != 'Z';
    });
  }),
                    Eq(true),
                    {.text = "every process of the container is gone", .code = why::kLeftProcess});
}

void KillAllOfExecMeansItself(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("spawn_tree", "1", "2")));
  check.ASSERT_THAT(exec.Start(), IsOk());
  check.ASSERT_THAT(exec.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  const std::size_t before = check.World().CgroupPids(task.pid()).size();
  check.ASSERT_THAT(before, Ge(4u),
                    {.text = "init, exec and its two children", .code = why::kHarness});
  check.ASSERT_THAT(exec.Kill(SIGKILL, /*all=*/true), IsOk());
  check.ASSERT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(check.World().CgroupPids(task.pid()).size(), Eq(before - 1),
                    {.text = "only the exec itself was signalled", .code = why::kProcessState});
}

void KillInCreated(CheckContext& check) {
  const Task task = check.Create(Program("pause"));
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kStopped)),
                    {.requirement = "STATE-06"});
  check.EXPECT_THAT(task.Delete(), IsOk());
}

void KillInPaused(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.ASSERT_THAT(task.Pause(), IsOk());
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)),
                    {.text = "a paused container can be killed"});
}

void IgnoredSignalChangesNothing(CheckContext& check) {
  const Task task = check.Run(Program("spawn_tree", "1", "2"));
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  const auto children = [&] {
    const std::vector<ProcessInfo> all = check.World().ChildrenOf(task.pid());
    return std::count_if(all.begin(), all.end(),
                         [](const ProcessInfo& child) { return child.state != 'Z'; });
  };
  check.ASSERT_THAT(children(), Eq(2), {.code = why::kHarness});
  check.ASSERT_THAT(task.Kill(SIGTERM), IsOk(),
                    {.text = "pid 1 without a handler ignores SIGTERM"});
  check.Linger(std::chrono::milliseconds(50));
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  check.EXPECT_THAT(task.ProcessGone(), Eq(false),
                    {.text = "its process still runs", .code = why::kProcessState});
  check.EXPECT_THAT(children(), Eq(2),
                    {.text = "children of the init, which was signalled without `all`",
                     .code = why::kProcessState,
                     .requirement = "KILL-01"});
}

// --- reaping -------------------------------------------------------------------------------------

void AdoptsTheInit(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const auto init = check.World().Find(task.pid());
  check.ASSERT_THAT(init.has_value(), Eq(true),
                    {.text = "the init is found", .code = why::kProcessState});
  check.EXPECT_THAT(init->parent, Eq(task.shim().pid()),
                    {.text = "parent of the container's init", .code = why::kProcessState});
}

// No zombie child of the daemon remains, once things have settled.
void ExpectNoZombies(CheckContext& check, ShimUnderTest& shim) {
  std::size_t zombies = 0;
  check.Eventually([&] {
    const std::vector<ProcessInfo> children = check.World().ChildrenOf(shim.pid());
    zombies = static_cast<std::size_t>(std::count_if(
        children.begin(), children.end(), [](const ProcessInfo& p) { return p.state == 'Z'; }));
    return zombies == 0;
  });
  check.EXPECT_THAT(
      zombies, Eq(0u),
      {.text = "zombie children of the daemon", .code = why::kZombie, .requirement = "REAP-02"});
}

void LeavesNoZombies(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  for (int i = 0; i < 10; ++i) {
    const Exec exec = check.Require(task.AddExec(Program("exit_code", "0")));
    check.ASSERT_THAT(exec.Start(), IsOk());
    check.ASSERT_THAT(exec.Wait(), IsOk());
    check.ASSERT_THAT(exec.Delete(), IsOk());
  }
  ExpectNoZombies(check, task.shim());
  check.EXPECT_THAT(task.shim().Connect(task.id()), IsOk());
}

void ReapsOrphansSilently(CheckContext& check) {
  CreateOptions options;
  options.bundle.private_pid_namespace = false;
  const Task task = check.Run(Program("pause"), options);
  const Exec exec = check.Require(task.AddExec(Program("orphan", "20", "9")));
  check.ASSERT_THAT(exec.Start(), IsOk());
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)),
                    {.text = "the exec that left 20 orphans"});
  ExpectNoZombies(check, task.shim());
  const std::vector<Event> events = check.AwaitEvents([&](const std::vector<Event>& all) {
    return std::any_of(all.begin(), all.end(), [&](const Event& event) {
      return event.topic == "/tasks/exit" && event.id == exec.exec_id();
    });
  });
  check.EXPECT_THAT(std::count_if(events.begin(), events.end(),
                                  [](const Event& e) { return e.topic == "/tasks/exit"; }),
                    Eq(1), {.text = "orphans cause no event", .code = why::kEventUnexpected});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

void KillsLeftoversWithTheInit(CheckContext& check) {
  CreateOptions options;
  options.bundle.private_pid_namespace = false;
  const Task task = check.Run(Program("spawn_tree", "1", "3"), options);
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  const std::vector<pid_t> members = check.World().CgroupPids(task.pid());
  check.ASSERT_THAT(members.size(), Ge(4u), {.code = why::kHarness});
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(check.Eventually(
                        [&] {
                          return std::none_of(members.begin(), members.end(), [&](pid_t pid) {
                            const auto found = check.World().Find(pid);
                            return found.has_value() && found->state != 'Z';
                          });
                        },
                        std::chrono::milliseconds(2000)),
                    Eq(true),
                    {.text = "background processes are gone soon after Wait has returned",
                     .code = why::kLeftProcess});
}

void ExecsDieWithTheInit(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  std::vector<Exec> execs;
  for (int i = 0; i < 3; ++i) {
    execs.push_back(check.Require(task.AddExec(Program("pause"))));
    check.ASSERT_THAT(execs.back().Start(), IsOk());
  }
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  for (const Exec& exec : execs) {
    check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(137)),
                      {.text = "an exec whose container ended"});
  }
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
}

void ManyExitsAtOnce(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  std::vector<Exec> execs;
  std::vector<std::unique_ptr<PendingReply>> waits;
  for (int i = 0; i < 16; ++i) {
    execs.push_back(check.Require(task.AddExec(Program("pause"))));
    check.ASSERT_THAT(execs.back().Start(), IsOk());
    waits.push_back(execs.back().WaitAsync());
  }
  // Their exits coalesce in one SIGCHLD: the kernel ends all members of a pid namespace together.
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  for (std::size_t i = 0; i < waits.size(); ++i) {
    check.EXPECT_THAT(AsExit(waits[i]->Get()), IsOkAndHolds(ExitedWith(137)),
                      {.text = absl::StrCat("Wait of exec ", i + 1), .code = why::kExitLost});
  }
  ExpectNoZombies(check, task.shim());
}

}  // namespace

void AddSignalsReapChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  const Needs namespaces = ToNeeds(Need::kNamespaces);
  const std::vector<Check> rows = {
      {.id = "signals-reap/reports-exit-codes",
       .requirements = {"EXIT-01"},
       .needs = exec,
       .run = ReportsExitCodes},
      {.id = "signals-reap/reports-exit-codes-of-the-init",
       .requirements = {"EXIT-01"},
       .run = InitExitCode},
      {.id = "signals-reap/reports-the-low-eight-bits",
       .requirements = {"EXIT-01"},
       .run = ReportsLowEightBits},
      {.id = "signals-reap/reports-death-by-signal",
       .requirements = {"EXIT-02"},
       .needs = exec,
       .run = ReportsDeathBySignal},
      {.id = "signals-reap/reports-death-by-kill",
       .requirements = {"EXIT-02", "KILL-01"},
       .needs = exec,
       .run = ReportsDeathByKill},
      {.id = "signals-reap/a-known-status-is-not-255",
       .requirements = {"EXIT-04", "EXIT-02"},
       .level = Level::kShould,
       .run = UnknownStatusIsNotInvented},
      {.id = "signals-reap/kill-delivers-the-signal",
       .requirements = {"KILL-01"},
       .run = DeliversTheSignal},
      {.id = "signals-reap/kill-delivers-once", .requirements = {"KILL-01"}, .run = DeliversOnce},
      {.id = "signals-reap/kill-of-an-exec-spares-the-rest",
       .requirements = {"KILL-10", "REAP-05"},
       .needs = exec,
       .run = KillOfExecSparesTheRest},
      {.id = "signals-reap/kill-of-a-stopped-task-is-not-found",
       .requirements = {"KILL-02"},
       .run = KillOfStoppedIsNotFound},
      {.id = "signals-reap/signal-zero-probes",
       .requirements = {"KILL-05"},
       .level = Level::kShould,
       .run = SignalZeroProbes},
      {.id = "signals-reap/kill-all-reaches-everybody",
       .requirements = {"KILL-06"},
       .tags = {kHostPidsTag},
       .needs = namespaces,
       .host = ToHostNeeds(HostNeed::kEngineCgroups),
       .run = KillAllReachesEverybody},
      {.id = "signals-reap/kill-all-of-an-exec-means-the-exec",
       .requirements = {"KILL-07"},
       .tags = {kHostPidsTag},
       .needs = Need::kExec | Need::kNamespaces,
       .run = KillAllOfExecMeansItself},
      {.id = "signals-reap/kill-in-created-state",
       .requirements = {"KILL-08", "STATE-06"},
       .run = KillInCreated},
      {.id = "signals-reap/kill-in-paused-state",
       .requirements = {"KILL-08"},
       .needs = ToNeeds(Need::kPause),
       .run = KillInPaused},
      {.id = "signals-reap/an-ignored-signal-changes-nothing",
       .requirements = {"KILL-09"},
       .tags = {kHostPidsTag},
       .needs = namespaces,
       .run = IgnoredSignalChangesNothing},
      {.id = "signals-reap/adopts-the-init",
       .requirements = {"REAP-01"},
       .tags = {kHostPidsTag},
       .run = AdoptsTheInit},
      {.id = "signals-reap/leaves-no-zombies",
       .requirements = {"REAP-02"},
       .needs = exec,
       .run = LeavesNoZombies},
      {.id = "signals-reap/reaps-orphans-silently",
       .requirements = {"REAP-03", "REAP-02"},
       .tags = {"race"},
       .needs = Need::kExec | Need::kNamespaces,
       .run = ReapsOrphansSilently},
      {.id = "signals-reap/kills-leftovers-with-the-init",
       .requirements = {"REAP-06"},
       .tags = {kHostPidsTag},
       .needs = namespaces,
       .host = ToHostNeeds(HostNeed::kEngineCgroups),
       .run = KillsLeftoversWithTheInit},
      {.id = "signals-reap/execs-die-with-the-init",
       .requirements = {"REAP-07"},
       .needs = Need::kExec | Need::kNamespaces,
       .run = ExecsDieWithTheInit},
      {.id = "signals-reap/many-exits-at-once",
       .requirements = {"REAP-08", "REAP-02"},
       .level = Level::kShould,
       .tags = {"race"},
       .needs = Need::kExec | Need::kNamespaces,
       .run = ManyExitsAtOnce},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
  AddDaemonChecks(checks);
  AddExitTruthChecks(checks);
  AddExitRaceChecks(checks);
}

}  // namespace conformance
