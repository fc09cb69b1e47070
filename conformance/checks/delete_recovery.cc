// SPDX-License-Identifier: Apache-2.0
// Contract §1.8 and §8: the `delete` action, the loss of the shim, the loss of containerd, and what
// must not be left.
#include "conformance/checks/delete_recovery.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "base/fifo.h"
#include "conformance/checks/areas.h"
#include "conformance/checks/bootstrap_support.h"
#include "conformance/checks/hook_plan.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/host_pids.h"
#include "runc/options.pb.h"

namespace conformance {
constexpr std::chrono::seconds kCleanupTimeout{5};  // contract §0.4
constexpr std::chrono::seconds kExitDeadline{16};
constexpr std::chrono::seconds kSoonGone{1};

void KillShim(CheckContext& check, ShimUnderTest& shim) {
  check.ASSERT_THAT(shim.SendSignal(SIGKILL), IsOk(), {.code = why::kHarness});
  check.ASSERT_THAT(shim.AwaitExit(kExitDeadline), ::testing::Eq(true),
                    {.text = "the shim ends", .code = why::kHarness});
}

void JudgeDelete(CheckContext& check, const DeleteResult& result, const std::string& when) {
  check.EXPECT_THAT(
      result.command.ExitedWith(0), ::testing::Eq(true),
      {.text = absl::StrCat("`delete` ", when, ": ", ::testing::PrintToString(result.command)),
       .code = why::kProcessState,
       .requirement = "DEL-04"});
  check.EXPECT_THAT(result.decodable, ::testing::Eq(true),
                    {.text = absl::StrCat("stdout of `delete` ", when, " is one DeleteResponse"),
                     .code = why::kStartOutput,
                     .requirement = "DEL-02"});
  check.EXPECT_THAT(
      result.command.took < kCleanupTimeout, ::testing::Eq(true),
      {.text = absl::StrCat("`delete` ", when, " took ", result.command.took.count(), " us of 5 s"),
       .code = why::kReplyDelayed,
       .requirement = "DEL-05"});
}

DeleteResult ExpectDelete(CheckContext& check, const Bundle& bundle, const std::string& when) {
  DeleteResult result = check.RunDelete(bundle);
  JudgeDelete(check, result, when);
  return result;
}

void ExpectNothingLeft(CheckContext& check, const Task& task) {
  check.EXPECT_THAT(check.Eventually([&] { return task.ProcessGone(); }), ::testing::Eq(true),
                    {.text = "the container's init is gone",
                     .code = why::kLeftProcess,
                     .requirement = "LEAK-02"});
  check.EXPECT_THAT(
      check.World().MountsBelow(task.bundle().path), ::testing::IsEmpty(),
      {.text = "mounts below the bundle", .code = why::kLeftMount, .requirement = "LEAK-01"});
}

namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::Eq;
using ::testing::Ge;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::Lt;
using ::testing::Ne;
using ::testing::Not;

bool Exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

// --- after the death of the shim -----------------------------------------------------------------

void CleansUpRunningTask(CheckContext& check) {
  const Task task = check.Run(Program("spawn_tree", "1", "2"));
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  KillShim(check, task.shim());
  ExpectDelete(check, task.bundle(), "of a running container whose shim died");
  ExpectNothingLeft(check, task);
}

void CleansUpExecs(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("pause")));
  check.ASSERT_THAT(exec.Start(), IsOk());
  KillShim(check, task.shim());
  ExpectDelete(check, task.bundle(), "of a container with an exec");
  ExpectNothingLeft(check, task);
  check.EXPECT_THAT(check.Eventually([&] { return exec.ProcessGone(); }), Eq(true),
                    {.text = "the exec is gone", .code = why::kLeftProcess});
}

void CleansUpCreatedTask(CheckContext& check) {
  const Task task = check.Create(Program("pause"));
  KillShim(check, task.shim());
  ExpectDelete(check, task.bundle(), "of a created container");
  ExpectNothingLeft(check, task);
}

void CleansUpPausedTask(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.ASSERT_THAT(task.Pause(), IsOk());
  KillShim(check, task.shim());
  ExpectDelete(check, task.bundle(), "of a paused container");
  ExpectNothingLeft(check, task);
}

void CleansUpStoppedTask(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "3"));
  check.ASSERT_THAT(task.Wait(), IsOk());
  KillShim(check, task.shim());
  ExpectDelete(check, task.bundle(), "of a stopped container");
  ExpectNothingLeft(check, task);
}

void SucceedsRepeatedly(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  KillShim(check, task.shim());
  ExpectDelete(check, task.bundle(), "the first time");
  ExpectDelete(check, task.bundle(), "the second time");
  ExpectNothingLeft(check, task);
}

void SucceedsForNothing(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& shim = check.StartShim(bundle);
  KillShim(check, shim);
  ExpectDelete(check, bundle, "of a container that was never created");
  const Task next = check.Run(Program("exit_code", "4"));
  check.EXPECT_THAT(next.Wait(), IsOkAndHolds(ExitedWith(4)), {.text = "another container"});
}

void SucceedsAfterANormalEnd(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
  ShimUnderTest& shim = check.StartShim(bundle);
  const Task task =
      check.Create(Program("exit_code", "0"), {.existing_bundle = bundle, .shim = &shim});
  check.ASSERT_THAT(task.Start(), IsOk());
  check.ASSERT_THAT(task.Wait(), IsOk());
  check.ASSERT_THAT(task.Delete(), IsOk());
  check.ASSERT_THAT(shim.Shutdown(bundle.id), IsOk());
  check.ASSERT_THAT(shim.AwaitExit(kExitDeadline), Eq(true),
                    {.text = "the shim ends", .code = why::kLeftProcess, .requirement = "SHUT-02"});
  ExpectDelete(check, bundle, "after Delete and Shutdown, as containerd always does");
  ExpectNothingLeft(check, task);
}

void ReportsTheForcedEnd(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  KillShim(check, task.shim());
  const DeleteResult result = ExpectDelete(check, task.bundle(), "of a running container");
  check.EXPECT_THAT(result.exit_status, Eq(137u), {.code = why::kExitStatus});
  check.EXPECT_THAT(result.exited_at_ns, Gt(0), {.code = why::kExitStatus});
  check.EXPECT_THAT(static_cast<pid_t>(result.pid), Eq(task.pid()), {.code = why::kReplyField});
}

void PublishesNothing(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::vector<Event> events = check.AwaitEvents([&](const std::vector<Event>& so_far) {
    return ForContainer(so_far, task.id()).size() >= 2;
  });
  check.ASSERT_THAT(ForContainer(events, task.id()).size(), Ge(2u),
                    {.text = "events of its creation and start", .code = why::kEventMissing});
  KillShim(check, task.shim());
  const std::size_t before = check.Sink().received();
  ExpectDelete(check, task.bundle(), "of a running container");
  check.Linger(std::chrono::milliseconds(100));
  check.EXPECT_THAT(
      check.Sink().received(), Eq(before),
      {.text = "containerd publishes the exit itself (REC-04)", .code = why::kEventUnexpected});
}

void WorksWithoutContainerd(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  KillShim(check, task.shim());
  check.Sink().Stop();
  ExpectDelete(check, task.bundle(), "with no containerd listening");
  ExpectNothingLeft(check, task);
  check.Sink().Restart();
}

void FindsEngineStateInItsRoot(CheckContext& check) {
  containerd::runc::v1::Options options;
  options.set_root(absl::StrCat(check.ScratchDirectory(), "/engine-root"));
  CreateOptions create;
  create.runc_options = options.SerializeAsString();
  const Task task = check.Run(Program("pause"), create);
  const std::string state = absl::StrCat(options.root(), "/", check.Namespace(), "/", task.id());
  check.EXPECT_THAT(Exists(state), Eq(true),
                    {.text = absl::StrCat("engine state at ", state),
                     .code = why::kFileContent,
                     .requirement = "CREATE-16"});
  KillShim(check, task.shim());
  ExpectDelete(check, task.bundle(), "of a container with an engine root of its own");
  ExpectNothingLeft(check, task);
  check.EXPECT_THAT(Exists(state), Eq(false),
                    {.text = "engine state after `delete`", .code = why::kLeftFile});
}

void LeavesALiveShimAlone(CheckContext& check) {
  CreateOptions options;
  options.bundle.annotations = {{"io.containerd.runc.v2.group", "delete-pod"}};
  const Task doomed = check.Run(Program("pause"), options);
  options.shim = &doomed.shim();
  const Task sibling = check.Run(Program("pause"), options);
  ExpectDelete(check, doomed.bundle(), "while the shim lives");
  check.EXPECT_THAT(doomed.Wait(), IsOkAndHolds(ExitedWith(137)),
                    {.text = "the live shim sees the end of the deleted container"});
  check.EXPECT_THAT(check.CanConnect(doomed.shim().address()), Eq(true),
                    {.text = "new clients still find the live shim", .code = why::kSocketState});
  check.EXPECT_THAT(doomed.Delete(), IsOk(), {.text = "and can still delete it"});
  check.EXPECT_THAT(sibling.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the other container of this shim"});
  check.EXPECT_THAT(sibling.ProcessGone(), Eq(false),
                    {.text = "its process still runs", .code = why::kProcessState});
}

void SharedShimsMembersAreIndependent(CheckContext& check) {
  CreateOptions options;
  options.bundle.annotations = {{"io.containerd.runc.v2.group", "lost-pod"}};
  const Task one = check.Run(Program("pause"), options);
  options.shim = &one.shim();
  const Task two = check.Run(Program("pause"), options);
  KillShim(check, one.shim());
  ExpectDelete(check, one.bundle(), "of the first of two");
  ExpectNothingLeft(check, one);
  check.EXPECT_THAT(
      two.ProcessGone(), Eq(false),
      {.text = "the second container lives on until its own `delete`", .code = why::kProcessState});
  ExpectDelete(check, two.bundle(), "of the second of two");
  ExpectNothingLeft(check, two);
}

void DeathIsNoticed(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  ShimUnderTest& shim = task.shim();
  check.ASSERT_THAT(shim.SendSignal(SIGKILL), IsOk(), {.code = why::kHarness});
  check.EXPECT_THAT(
      shim.AwaitDisconnect(std::chrono::seconds(2)), Eq(true),
      {.text = "EOF on the connection although the container lives", .code = why::kConnectionLost});
  check.EXPECT_THAT(task.ProcessGone(), Eq(false),
                    {.text = "its process still runs", .code = why::kProcessState});
  // The kernel closes the descriptors of a dead process one after the other.
  check.EXPECT_THAT(
      check.Eventually([&] { return !check.CanConnect(shim.address()); }, std::chrono::seconds(2)),
      Eq(true), {.text = "nobody else holds the listening socket", .code = why::kSocketState});
}

void NewShimAfterADeath(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const pid_t old_pid = task.shim().pid();
  KillShim(check, task.shim());
  ExpectDelete(check, task.bundle(), "after the death of the shim");
  const Bundle again = check.MakeBundle(Program("exit_code", "4"));
  ShimUnderTest& shim = check.StartShim(again);
  check.EXPECT_THAT(shim.pid(), Ne(old_pid), {.code = why::kProcessState});
  const Task next =
      check.Create(Program("exit_code", "4"), {.existing_bundle = again, .shim = &shim});
  check.ASSERT_THAT(next.Start(), IsOk());
  check.EXPECT_THAT(next.Wait(), IsOkAndHolds(ExitedWith(4)));
}

void KeepsWhatDeleteNeeds(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::string config = ReadWholeFile(task.bundle().path + "/config.json");
  KillShim(check, task.shim());
  check.EXPECT_THAT(ReadWholeFile(task.bundle().path + "/config.json"), Eq(config),
                    {.code = why::kFileContent});
  ExpectDelete(check, task.bundle(), "after the death of the shim");
  check.EXPECT_THAT(Exists(task.bundle().path), Eq(true),
                    {.text = "the bundle is containerd's to remove",
                     .code = why::kFileContent,
                     .requirement = "FILE-07"});
}

void EngineCommandDiesWithTheShim(CheckContext& check) {
  // A createRuntime hook that blocks keeps the engine inside `create`.
  const std::string fifo = absl::StrCat(check.ScratchDirectory(), "/never");
  check.ASSERT_THAT(::mkfifo(fifo.c_str(), 0600), Eq(0), {.code = why::kHarness});
  BundleOptions options;
  options.edit = WithHooks({ProgramHook(check, HookPoint::kCreateRuntime, "gate", {fifo, "0"})});
  const Bundle bundle = check.MakeBundle(Program("pause"), options);
  ShimUnderTest& shim = check.StartShim(bundle);
  const std::unique_ptr<PendingReply> creating = check.CreateAsync(shim, bundle);
  const auto hook_runs = [&] {
    for (const ProcessInfo& process : check.World().All()) {
      if (process.name == "gate" && process.state != 'Z') return true;
    }
    return false;
  };
  check.ASSERT_THAT(check.Eventually(hook_runs), Eq(true),
                    {.text = "the engine runs the hook", .code = why::kHarness});
  std::vector<pid_t> engine;
  for (const ProcessInfo& child : check.World().ChildrenOf(shim.pid())) engine.push_back(child.pid);
  check.ASSERT_THAT(engine, Not(IsEmpty()),
                    {.text = "an engine command is a child of the daemon", .code = why::kHarness});
  KillShim(check, shim);
  check.EXPECT_THAT(check.Eventually([&] {
    for (const pid_t pid : engine) {
      const auto found = check.World().Find(pid);
      if (found.has_value() && found->state != 'Z') return false;
    }
    return true;
  }),
                    Eq(true),
                    {.text = "engine commands of a dead shim are gone", .code = why::kLeftProcess});
  ExpectDelete(check, bundle, "after a shim that died during Create");
  check.EXPECT_THAT(check.World().MountsBelow(bundle.path), IsEmpty(),
                    {.code = why::kLeftMount, .requirement = "LEAK-01"});
  // The hook was the engine's child, not the shim's: let it go.
  check.Require(base::OpenFifoWriter(fifo, /*nonblocking=*/true).status(), {.code = why::kHarness});
  check.EXPECT_THAT(check.Eventually([&] { return !hook_runs(); }), Eq(true),
                    {.text = "the released hook ends", .code = why::kHarness});
}

// --- containerd comes back -----------------------------------------------------------------------

void ReattachesToARunningTask(CheckContext& check) {
  CreateOptions options;
  options.stdio.standard_input = true;
  const Task task = check.Run(Program("cat"), options);
  const std::string address = task.shim().address();
  const int version = task.shim().task_version();
  const pid_t daemon = task.shim().pid();
  task.shim().Disconnect();

  ShimUnderTest& again = check.ConnectTo(address, version);
  const ConnectInfo info = check.Require(again.Connect(task.id()));
  check.EXPECT_THAT(static_cast<pid_t>(info.shim_pid), Eq(daemon), {.code = why::kProcessState});
  check.EXPECT_THAT(static_cast<pid_t>(info.task_pid), Eq(task.pid()), {.requirement = "CONN-02"});
  const Task attached = check.Attach(task, again);
  const StateInfo state = check.Require(attached.State());
  check.EXPECT_THAT(state, HasStatus(TaskStatus::kRunning));
  check.EXPECT_THAT(state.standard_output, Eq(task.stdio().stdout_path()),
                    {.text = "stdio paths for re-attaching", .requirement = "STATE-02"});
  check.EXPECT_THAT(
      check.Require(attached.Pids()), Not(IsEmpty()),
      {.text = "an empty Pids means a leaked shim to containerd", .requirement = "PIDS-01"});
  check.ASSERT_THAT(attached.CloseIo(), IsOk());
  task.stdio().CloseInput();
  check.EXPECT_THAT(attached.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(attached.Delete(), IsOk());
}

void RemembersExitsWhileAway(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "23"));
  const std::string address = task.shim().address();
  const int version = task.shim().task_version();
  task.shim().Disconnect();
  check.ASSERT_THAT(check.Eventually([&] { return task.ProcessGone(); }), Eq(true),
                    {.text = "its process is gone", .code = why::kProcessState});
  const Task attached = check.Attach(task, check.ConnectTo(address, version));
  const ExitInfo waited = check.Require(attached.Wait());
  check.EXPECT_THAT(waited, ExitedWith(23), {.code = why::kExitStatus});
  const StateInfo state = check.Require(attached.State());
  check.EXPECT_THAT(state, HasStatus(TaskStatus::kStopped));
  check.EXPECT_THAT(state.exited_at_ns, Eq(waited.exited_at_ns), {.code = why::kExitStatus});
  check.EXPECT_THAT(check.Require(attached.Pids()), IsEmpty(), {.requirement = "PIDS-02"});
  check.EXPECT_THAT(attached.Delete(), IsOkAndHolds(ExitedWith(23)));
}

void ForgetsNothingOfStoppedTasks(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "9"));
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(9)));
  for (int round = 0; round < 3; ++round) {
    const Task attached =
        check.Attach(task, check.ConnectTo(task.shim().address(), task.shim().task_version()));
    check.EXPECT_THAT(attached.Wait(), IsOkAndHolds(ExitedWith(9)),
                      {.text = absl::StrCat("connection ", round + 2)});
  }
}

// --- what is left after a whole life -------------------------------------------------------------

void WholeLifeLeavesNothing(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
  ShimUnderTest& shim = check.StartShim(bundle);
  const pid_t daemon = shim.pid();
  const Task task =
      check.Create(Program("exit_code", "0"), {.existing_bundle = bundle, .shim = &shim});
  if (check.World().HasCgroups()) {
    check.EXPECT_THAT(check.World().Cgroups(), Not(IsEmpty()),
                      {.text = "the container had a cgroup", .code = why::kHarness});
  }
  check.ASSERT_THAT(task.Start(), IsOk());
  check.ASSERT_THAT(task.Wait(), IsOk());
  check.ASSERT_THAT(task.Delete(), IsOk());
  ExpectNothingLeft(check, task);
  check.EXPECT_THAT(
      check.World().Cgroups(), IsEmpty(),
      {.text = "cgroups after Delete", .code = why::kLeftCgroup, .requirement = "LEAK-04"});
  check.ASSERT_THAT(shim.Shutdown(bundle.id), IsOk());
  check.EXPECT_THAT(shim.AwaitExit(kExitDeadline), Eq(true),
                    {.text = absl::StrCat("daemon ", daemon, " after Shutdown"),
                     .code = why::kLeftProcess,
                     .requirement = "LEAK-03"});
  // What the daemon worked with may end a moment later than itself.
  check.Eventually([&check] { return check.World().All().empty(); }, kSoonGone);
  std::vector<std::string> left;
  for (const ProcessInfo& process : check.World().All()) {
    left.push_back(absl::StrCat(process.pid, " ", process.name));
  }
  check.EXPECT_THAT(
      left, IsEmpty(),
      {.text = "processes in the world", .code = why::kLeftProcess, .requirement = "LEAK-02"});
}

}  // namespace

void AddDeleteRecoveryChecks(std::vector<Check>& checks) {
  const Needs namespaces = ToNeeds(Need::kNamespaces);
  const Needs grouping = ToNeeds(Need::kGrouping);
  const std::vector<Check> rows = {
      {.id = "delete-recovery/cleans-up-a-running-task",
       .requirements = {"DEL-03", "DEL-01", "DEL-05", "DEL-09", "REC-03", "STDIN-09"},
       .run = CleansUpRunningTask},
      {.id = "delete-recovery/cleans-up-execs",
       .requirements = {"REC-03", "DEL-03"},
       .needs = ToNeeds(Need::kExec),
       .run = CleansUpExecs},
      {.id = "delete-recovery/cleans-up-a-created-task",
       .requirements = {"DEL-03", "REC-03"},
       .run = CleansUpCreatedTask},
      {.id = "delete-recovery/cleans-up-a-paused-task",
       .requirements = {"DEL-03", "REC-03"},
       .needs = ToNeeds(Need::kPause),
       .run = CleansUpPausedTask},
      {.id = "delete-recovery/cleans-up-a-stopped-task",
       .requirements = {"DEL-03", "DEL-04"},
       .run = CleansUpStoppedTask},
      {.id = "delete-recovery/delete-may-be-repeated",
       .requirements = {"DEL-04", "REC-03"},
       .run = SucceedsRepeatedly},
      {.id = "delete-recovery/delete-of-nothing-succeeds",
       .requirements = {"DEL-04", "V24-09"},
       .run = SucceedsForNothing},
      {.id = "delete-recovery/delete-follows-every-normal-end",
       .requirements = {"REC-01", "DEL-08", "DEL-02"},
       .run = SucceedsAfterANormalEnd},
      {.id = "delete-recovery/delete-reports-the-forced-end",
       .requirements = {"DEL-06", "V24-05"},
       .level = Level::kShould,
       .run = ReportsTheForcedEnd},
      {.id = "delete-recovery/delete-publishes-nothing",
       .requirements = {"DEL-07", "SIG-06"},
       .run = PublishesNothing},
      {.id = "delete-recovery/delete-works-without-containerd",
       .requirements = {"DEL-09"},
       .run = WorksWithoutContainerd},
      {.id = "delete-recovery/delete-finds-the-engine-root",
       .requirements = {"DEL-11", "CREATE-16", "CREATE-06"},
       .needs = ToNeeds(Need::kOciEngine),
       .run = FindsEngineStateInItsRoot},
      {.id = "delete-recovery/delete-leaves-a-live-shim-alone",
       .requirements = {"DEL-08"},
       .needs = grouping,
       .run = LeavesALiveShimAlone},
      {.id = "delete-recovery/members-of-a-dead-shim-are-independent",
       .requirements = {"REC-06", "DEL-08"},
       .tags = {kHostPidsTag},
       .needs = grouping,
       .run = SharedShimsMembersAreIndependent},
      {.id = "delete-recovery/death-of-the-shim-is-noticed",
       .requirements = {"REC-02"},
       .tags = {kHostPidsTag},
       .run = DeathIsNoticed},
      {.id = "delete-recovery/a-new-shim-after-a-death",
       .requirements = {"REC-07", "SOCK-10"},
       .run = NewShimAfterADeath},
      {.id = "delete-recovery/keeps-what-delete-needs",
       .requirements = {"REC-08", "FILE-07"},
       .level = Level::kShould,
       .run = KeepsWhatDeleteNeeds},
      {.id = "delete-recovery/engine-commands-die-with-the-shim",
       .requirements = {"ENG-02", "CREATE-20"},
       .needs = ToNeeds(Need::kOciEngine),
       .run = EngineCommandDiesWithTheShim},
      {.id = "delete-recovery/reattaches-to-a-running-task",
       .requirements = {"REC-23", "REC-20", "STATE-02", "PIDS-01"},
       .host = ToHostNeeds(HostNeed::kEngineCgroups),
       .run = ReattachesToARunningTask},
      {.id = "delete-recovery/remembers-exits-while-nobody-listens",
       .requirements = {"REC-24", "PIDS-02"},
       .tags = {kHostPidsTag},
       .run = RemembersExitsWhileAway},
      {.id = "delete-recovery/forgets-nothing-of-a-stopped-task",
       .requirements = {"REC-24", "WAIT-02"},
       .run = ForgetsNothingOfStoppedTasks},
      {.id = "delete-recovery/a-whole-life-leaves-nothing",
       .requirements = {"LEAK-01", "LEAK-02", "LEAK-03", "LEAK-04"},
       .tags = {kHostPidsTag},
       .needs = namespaces,
       .run = WholeLifeLeavesNothing},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
  AddHostileDeleteChecks(checks);
}

}  // namespace conformance
