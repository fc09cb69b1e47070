// SPDX-License-Identifier: Apache-2.0
// How execs end: Wait, Kill, Delete, Pids, and what their exit leaves alone.
#include <absl/strings/str_cat.h>

#include <csignal>
#include <filesystem>
#include <memory>

#include "conformance/checks/exec.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/harness/host_pids.h"

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Eq;
using ::testing::Field;
using ::testing::IsEmpty;

constexpr std::chrono::milliseconds kPromptly{5000};
// A shim may wait 10 s for output before it deletes anyway (DELETE-08); the rest is for slow hosts.
constexpr std::chrono::milliseconds kDrainLimit{13000};

void OneExitEverywhere(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "21")));
  const auto pid = static_cast<std::uint32_t>(check.Require(exec.Start()));
  const ExitInfo wait = check.Require(exec.Wait());
  check.EXPECT_THAT(wait, ExitedWith(21));
  const auto same = [&](std::uint32_t seen_pid, std::uint32_t status, std::int64_t time,
                        const std::string& where) {
    check.EXPECT_THAT(seen_pid, Eq(pid), {.text = absl::StrCat("the pid in ", where)});
    check.EXPECT_THAT(status, Eq(wait.exit_status), {.text = where, .code = why::kExitStatus});
    check.EXPECT_THAT(time, Eq(wait.exited_at_ns), {.text = where, .code = why::kExitStatus});
  };
  const StateInfo state = check.Require(exec.State());
  same(state.pid, state.exit_status, state.exited_at_ns, "State");
  const ExitInfo deleted = check.Require(exec.Delete());
  same(deleted.pid, deleted.exit_status, deleted.exited_at_ns, "Delete");
  const std::vector<Event> events = ForProcess(EndTask(check, task), task.id(), exec.exec_id());
  check.EXPECT_THAT(Topics(events), Contains("exit"), {.code = why::kEventMissing});
  for (const Event& event : events) {
    if (event.topic == "/tasks/exit") {
      same(event.pid, event.exit_status, event.exited_at_ns, "the event /tasks/exit");
    }
  }
}

void WaitBeforeStartAndAfterExit(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "22")));
  const std::unique_ptr<PendingReply> early = exec.WaitAsync();
  check.Require(exec.State());
  check.EXPECT_THAT(early->done(), Eq(false), {.text = "an unstarted exec has not exited"});
  check.Require(exec.Start());
  const ExitInfo exit = check.Require(AsExit(early->Get()), {.code = why::kExitLost});
  check.EXPECT_THAT(exit, ExitedWith(22));
  for (int i = 0; i < 2; ++i) {
    const ExitInfo again = check.Require(exec.Wait({.deadline = kPromptly}));
    check.EXPECT_THAT(again.exit_status, Eq(exit.exit_status), {.requirement = "WAIT-02"});
    check.EXPECT_THAT(again.exited_at_ns, Eq(exit.exited_at_ns), {.requirement = "WAIT-02"});
  }
}

void ExitLeavesOthersAlone(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec stays = check.Require(task.AddExec(Program("pause")));
  const Exec leaves = check.Require(task.AddExec(Program("pause")));
  check.Require(stays.Start());
  check.Require(leaves.Start());
  const TaskView before = Observe(check, task);
  check.Require(leaves.Kill(SIGKILL));
  check.EXPECT_THAT(leaves.Wait(), IsOkAndHolds(ExitedWith(137)));
  ExpectUnchanged(check, task, before, "the exit of an exec");
  check.EXPECT_THAT(stays.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "another exec", .code = why::kStateWrong});
  check.EXPECT_THAT(stays.ProcessGone(), Eq(false),
                    {.text = "its process still runs", .code = why::kProcessState});
}

void DeleteOfNeverStarted(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("pause")));
  check.EXPECT_THAT(exec.Kill(SIGKILL), HasCode(absl::StatusCode::kFailedPrecondition),
                    {.text = "Kill of an exec that never ran", .requirement = "KILL-04"});
  const ExitInfo deleted = check.Require(exec.Delete());
  check.EXPECT_THAT(deleted.pid, Eq(0u));
  check.EXPECT_THAT(deleted.exit_status, Eq(0u), {.code = why::kExitStatus});
  check.EXPECT_THAT(exec.State(), HasCode(absl::StatusCode::kNotFound));
  const std::vector<Event> events = ForProcess(EndTask(check, task), task.id(), exec.exec_id());
  check.EXPECT_THAT(SurplusTopics(events, {"exec-added", "delete"}), IsEmpty(),
                    {.text = "what never ran does not exit", .code = why::kEventUnexpected});
}

void DeleteOfRunningIsRefused(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("pause")));
  check.Require(exec.Start());
  check.EXPECT_THAT(exec.Delete().status(), IsWrongState(), {.text = "Delete of a running exec"});
  check.EXPECT_THAT(exec.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.code = why::kStateWrong});
  check.EXPECT_THAT(exec.ProcessGone(), Eq(false),
                    {.text = "its process still runs", .code = why::kProcessState});
  check.Require(exec.Kill(SIGKILL));
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(exec.Delete(), IsOkAndHolds(ExitedWith(137)));
}

void DeleteRemovesThePidFile(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const TaskView before = Observe(check, task);
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "9"), {.exec_id = "filed"}));
  check.Require(exec.Start());
  check.Require(exec.Wait());
  const std::string file = task.bundle().path + "/filed.pid";
  std::error_code error;
  if (!std::filesystem::exists(file, error)) check.Note("no pid file " + file);
  check.EXPECT_THAT(exec.Delete(), IsOkAndHolds(ExitedWith(9)));
  check.EXPECT_THAT(std::filesystem::exists(file, error), Eq(false),
                    {.text = "the file is gone", .code = why::kLeftFile});
  ExpectUnchanged(check, task, before, "Delete of a stopped exec");
}

void DeleteOfTheInitForgetsExecs(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec stopped = check.Require(task.AddExec(Program("exit_code", "1")));
  const Exec unstarted = check.Require(task.AddExec(Program("pause")));
  check.Require(stopped.Start());
  check.Require(stopped.Wait());
  check.Require(task.Kill(SIGKILL));
  check.Require(task.Wait());
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(137)),
                    {.text = "execs that nobody deleted do not stand in the way"});
  for (const Exec& exec : {stopped, unstarted}) {
    check.EXPECT_THAT(exec.State(), HasCode(absl::StatusCode::kNotFound));
    check.EXPECT_THAT(exec.Delete(), HasCode(absl::StatusCode::kNotFound));
  }
  ExpectAnswers(check, task.shim());
}

void WaitDoesNotWaitForOutput(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("hold_stdout")));
  check.Require(exec.Start());
  check.EXPECT_THAT(exec.Wait({.deadline = kPromptly}), IsOk(),
                    {.text = "a child that holds stdout does not delay Wait"});
  check.EXPECT_THAT(exec.State(), IsOkAndHolds(HasStatus(TaskStatus::kStopped)),
                    {.code = why::kStateWrong, .requirement = "IO-12"});
  check.EXPECT_THAT(exec.stdio().output_eof(), Eq(false),
                    {.text = "the child does hold stdout", .code = why::kHarness});
  // While Delete drains, the rest of the shim goes on.
  const std::unique_ptr<PendingReply> deletion = task.shim().CallAsync(
      "Delete", DeleteRequest(task.id(), exec.exec_id()), {.deadline = kDrainLimit});
  check.EXPECT_THAT(task.State({.deadline = std::chrono::milliseconds(2000)}),
                    IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "State while an exec's Delete drains output",
                     .code = why::kReplyDelayed,
                     .requirement = "STATE-03"});
  check.EXPECT_THAT(deletion->Get(), IsOk(),
                    {.text = "Delete gives up on output after 10 s", .requirement = "DELETE-08"});
}

void PidsNamesExecs(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("pause")));
  const auto pid = static_cast<std::uint32_t>(check.Require(exec.Start()));
  const std::vector<PidInfo> pids = check.Require(task.Pids());
  check.EXPECT_THAT(
      pids,
      Contains(AllOf(Field(&PidInfo::pid, Eq(pid)), Field(&PidInfo::exec_id, Eq(exec.exec_id())))),
      {.text = "the exec's pid carries its exec id"});
  check.EXPECT_THAT(pids,
                    Contains(AllOf(Field(&PidInfo::pid, Eq(static_cast<std::uint32_t>(task.pid()))),
                                   Field(&PidInfo::has_info, Eq(false)))),
                    {.text = "the init's pid carries nothing"});
}

void ResizeOfStopped(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "0")));
  check.Require(exec.Start());
  check.Require(exec.Wait());
  check.EXPECT_THAT(exec.ResizePty(80, 24), IsError(), {.text = "ResizePty of a stopped exec"});
  check.EXPECT_THAT(exec.State(), IsOkAndHolds(HasStatus(TaskStatus::kStopped)),
                    {.code = why::kStateWrong});
  ExpectAnswers(check, task.shim());
}

}  // namespace

void AddExecEndChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  checks.push_back({.id = "exec/one-pid-exit-status-and-time-everywhere",
                    .requirements = {"TASK-07", "TASK-05", "EVT-11"},
                    .needs = exec,
                    .run = OneExitEverywhere});
  checks.push_back({.id = "exec/wait-before-start-and-again-after-the-exit",
                    .requirements = {"WAIT-03", "WAIT-02"},
                    .needs = exec,
                    .run = WaitBeforeStartAndAfterExit});
  checks.push_back({.id = "exec/its-exit-leaves-init-and-siblings-alone",
                    .requirements = {"REAP-05", "KILL-10"},
                    .needs = exec,
                    .run = ExitLeavesOthersAlone});
  checks.push_back({.id = "exec/delete-of-a-never-started-exec-is-fine",
                    .requirements = {"DELETE-05", "KILL-04"},
                    .needs = exec,
                    .run = DeleteOfNeverStarted});
  checks.push_back({.id = "exec/delete-of-a-running-exec-is-refused",
                    .requirements = {"DELETE-06"},
                    .needs = exec,
                    .run = DeleteOfRunningIsRefused});
  checks.push_back({.id = "exec/delete-of-a-stopped-exec-leaves-no-file",
                    .requirements = {"DELETE-07", "UND-03"},
                    .needs = exec,
                    .run = DeleteRemovesThePidFile});
  checks.push_back({.id = "exec/delete-of-the-init-forgets-its-execs",
                    .requirements = {"DELETE-11", "DELETE-01"},
                    .needs = exec,
                    .run = DeleteOfTheInitForgetsExecs});
  checks.push_back({.id = "exec/wait-does-not-wait-for-output-and-delete-only-so-long",
                    .requirements = {"WAIT-05", "DELETE-08", "IO-12"},
                    .tags = {"slow", kLateOutputTag},
                    .needs = exec,
                    .run = WaitDoesNotWaitForOutput});
  checks.push_back({.id = "exec/pids-tells-which-process-is-an-exec",
                    .requirements = {"PIDS-03", "PIDS-04"},
                    .level = Level::kShould,
                    .tags = {kHostPidsTag},
                    .needs = exec,
                    .host = ToHostNeeds(HostNeed::kEngineCgroups),
                    .run = PidsNamesExecs});
  checks.push_back({.id = "exec/resize-of-a-stopped-exec-is-refused",
                    .requirements = {"PTY-02"},
                    .level = Level::kShould,
                    .needs = exec | Need::kTerminal,
                    .run = ResizeOfStopped});
}

}  // namespace conformance
