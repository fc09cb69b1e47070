// SPDX-License-Identifier: Apache-2.0
// Contract §8.2: what a restarted containerd, or an upgraded one, finds and does.
#include <absl/strings/str_cat.h>
#include <sys/mount.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "conformance/checks/areas.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using std::chrono::seconds;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Not;

// Another connection to the same daemon, as after a restart of containerd.
Task Reload(CheckContext& check, const Task& task) {
  const std::string address = task.shim().address();
  const int version = task.shim().task_version();
  task.shim().Disconnect();
  ShimUnderTest& again = check.ConnectTo(address, version);
  check.Require(again.Connect(task.id()), {.requirement = "REC-20"});
  return check.Attach(task, again);
}

// A stopped task is what 1.7 and later remove: Connect, an empty Pids, Delete, Shutdown, `delete`.
void AStoppedTaskIsRemoved(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "5"));
  check.ASSERT_THAT(task.Wait(), IsOk());
  const pid_t daemon = task.shim().pid();
  const Task reloaded = Reload(check, task);
  check.EXPECT_THAT(check.Require(reloaded.Pids()), IsEmpty(), {.requirement = "PIDS-02"});
  check.EXPECT_THAT(reloaded.Delete(), IsOkAndHolds(ExitedWith(5)));
  check.EXPECT_THAT(reloaded.shim().pid(), Eq(daemon), {.code = why::kProcessState});
  check.EXPECT_THAT(reloaded.shim().Shutdown(task.id()), IsOk());
  check.EXPECT_THAT(reloaded.shim().AwaitExit(seconds(16)), Eq(true),
                    {.text = "the shim ends", .code = why::kLeftProcess});
  check.EXPECT_THAT(
      check.RunDelete(task.bundle()).command.ExitedWith(0), Eq(true),
      {.text = "`delete` succeeds", .code = why::kProcessState, .requirement = "DEL-08"});
}

void TheAnnouncedVersionIsServedForLife(CheckContext& check) {
  Task task = check.Run(Program("pause"));
  const int version = task.shim().task_version();
  for (int restart = 0; restart < 3; ++restart) {
    task = Reload(check, task);
    check.EXPECT_THAT(
        task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
        {.text = absl::StrCat("State on version ", version, " after restart ", restart + 1)});
    check.EXPECT_THAT(check.Require(task.Pids()), Not(IsEmpty()), {.requirement = "PIDS-01"});
  }
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(task.Delete(), IsOk());
}

// A copy of the shim's file, mounted over the original for the time of an upgrade.
class Upgrade {
 public:
  Upgrade(CheckContext& check, pid_t daemon) {
    std::error_code error;
    binary_ = std::filesystem::read_symlink(absl::StrCat("/proc/", daemon, "/exe"), error);
    check.ASSERT_THAT(error.value(), Eq(0), {.code = why::kHarness});
    const std::string copy = absl::StrCat(check.ScratchDirectory(), "/new-shim");
    std::filesystem::copy_file(binary_, copy, error);
    check.ASSERT_THAT(error.value(), Eq(0), {.code = why::kHarness});
    mounted_ = ::mount(copy.c_str(), binary_.c_str(), nullptr, MS_BIND, nullptr) == 0;
    if (!mounted_) check.Skip("this world may not mount over the shim's file");
  }
  ~Upgrade() {
    if (mounted_) ::umount2(binary_.c_str(), MNT_DETACH);
  }
  Upgrade(const Upgrade&) = delete;
  Upgrade& operator=(const Upgrade&) = delete;

 private:
  std::filesystem::path binary_;
  bool mounted_ = false;
};

void AnUpgradeDisturbsNobody(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Upgrade upgrade(check, task.shim().pid());
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "3")));
  check.ASSERT_THAT(exec.Start(), IsOk(), {.text = "after the shim's file was replaced"});
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(3)));
  check.ASSERT_THAT(task.shim().SendSignal(SIGKILL), IsOk(), {.code = why::kHarness});
  check.ASSERT_THAT(task.shim().AwaitExit(seconds(16)), Eq(true),
                    {.text = "the shim ends", .code = why::kHarness});
  check.EXPECT_THAT(check.RunDelete(task.bundle()).command.ExitedWith(0), Eq(true),
                    {.text = "`delete` of the new file on the bundle of the old one",
                     .code = why::kProcessState});
  check.EXPECT_THAT(
      check.Eventually([&] { return task.ProcessGone(); }), Eq(true),
      {.text = "its process is gone", .code = why::kLeftProcess, .requirement = "DEL-03"});
  check.EXPECT_THAT(check.World().MountsBelow(task.bundle().path), IsEmpty(),
                    {.code = why::kLeftMount, .requirement = "DEL-03"});
}

void ExecsOfADeadShimAreSilent(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("pause")));
  check.ASSERT_THAT(exec.Start(), IsOk());
  const std::unique_ptr<PendingReply> wait = exec.WaitAsync();
  check.AwaitEvents([&](const std::vector<Event>& events) {
    return ForProcess(events, task.id(), exec.exec_id()).size() >= 2;
  });
  const std::size_t before = check.Events().size();
  check.ASSERT_THAT(task.shim().SendSignal(SIGKILL), IsOk(), {.code = why::kHarness});
  check.ASSERT_THAT(task.shim().AwaitExit(seconds(16)), Eq(true),
                    {.text = "the shim ends", .code = why::kHarness});
  check.EXPECT_THAT(check.Eventually([&] { return wait->done(); }), Eq(true),
                    {.text = "a pending Wait ends with the connection", .code = why::kExitLost});
  check.EXPECT_THAT(check.RunDelete(task.bundle()).command.ExitedWith(0), Eq(true),
                    {.text = "`delete` succeeds", .code = why::kProcessState});
  check.EXPECT_THAT(check.Eventually([&] { return exec.ProcessGone(); }), Eq(true),
                    {.text = "its process is gone", .code = why::kLeftProcess});
  check.EXPECT_THAT(
      check.Events().size(), Eq(before),
      {.text = "nobody publishes an exit of the exec", .code = why::kEventUnexpected});
}

}  // namespace

void AddDeleteRecoveryRestartChecks(std::vector<Check>& checks) {
  const std::vector<Check> rows = {
      {.id = "delete-recovery/a-stopped-task-is-removed-at-a-restart",
       .requirements = {"REC-25", "REC-20", "PIDS-02"},
       .run = AStoppedTaskIsRemoved},
      {.id = "delete-recovery/the-announced-version-is-served-for-life",
       .requirements = {"REC-22", "REC-23"},
       .run = TheAnnouncedVersionIsServedForLife},
      {.id = "delete-recovery/an-upgrade-disturbs-nobody",
       .requirements = {"REC-30"},
       .level = Level::kShould,
       .needs = ToNeeds(Need::kExec),
       .run = AnUpgradeDisturbsNobody},
      {.id = "delete-recovery/execs-of-a-dead-shim-are-silent",
       .requirements = {"REC-05", "SIG-06", "DEL-07"},
       .needs = ToNeeds(Need::kExec),
       .run = ExecsOfADeadShimAreSilent},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
