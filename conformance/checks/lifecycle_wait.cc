// SPDX-License-Identifier: Apache-2.0
// Contract §4.9.
#include <csignal>
#include <memory>

#include "conformance/checks/lifecycle.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/harness/host_pids.h"

namespace conformance {
namespace {

using ::testing::Eq;

// How long a Wait may take once the process has exited; generous, for loaded hosts.
constexpr std::chrono::milliseconds kPromptly{5000};
// How long a Wait is watched that should end because of something else.
constexpr std::chrono::milliseconds kSoon{2000};

void WaitIsReleasedByTheExitAlone(CheckContext& check) {
  // Nothing is called between Wait and its answer: the guest ends by itself, on its input.
  const Task task = check.Create(Program("count_stdin"), {.stdio = {.standard_input = true}});
  check.Require(task.Start());
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  check.Require(task.State());
  check.EXPECT_THAT(wait->done(), Eq(false), {.text = "Wait blocks while the process runs"});
  check.Require(task.CloseIo());
  task.stdio().CloseInput();
  const absl::StatusOr<ExitInfo> exit = AsExit(wait->Get());
  check.EXPECT_THAT(exit, IsOkAndHolds(ExitedWith(0)), {.code = why::kExitLost});
  check.EXPECT_THAT(task.ProcessGone(), Eq(true),
                    {.text = "its process is gone", .code = why::kProcessState});
}

void WaitOnAStoppedTaskRepeats(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "11"));
  const ExitInfo first = check.Require(task.Wait());
  check.EXPECT_THAT(first, ExitedWith(11));
  for (int i = 0; i < 3; ++i) {
    const ExitInfo again = check.Require(task.Wait({.deadline = kPromptly}));
    check.EXPECT_THAT(again.exit_status, Eq(first.exit_status), {.code = why::kExitStatus});
    check.EXPECT_THAT(again.exited_at_ns, Eq(first.exited_at_ns), {.code = why::kExitStatus});
  }
}

void WaitBeforeStartCoversTheWholeLife(CheckContext& check) {
  const Task task = check.Create(Program("exit_code", "12"));
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kCreated)));
  check.EXPECT_THAT(wait->done(), Eq(false), {.text = "a created process has not exited"});
  check.Require(task.Start());
  check.EXPECT_THAT(AsExit(wait->Get()), IsOkAndHolds(ExitedWith(12)), {.code = why::kExitLost});
}

void ManyWaitersAgree(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  ShimUnderTest& first = task.shim();
  ShimUnderTest& second = check.ConnectTo(first.address(), first.task_version());
  ShimUnderTest& third = check.ConnectTo(first.address(), first.task_version());
  std::vector<std::unique_ptr<PendingReply>> waits;
  for (ShimUnderTest* shim : {&first, &second, &third}) {
    for (int i = 0; i < 5; ++i) waits.push_back(shim->CallAsync("Wait", WaitRequest(task.id())));
  }
  check.Require(task.State());  // the waiters' connection is served in between
  check.Require(task.Kill(SIGKILL));
  const ExitInfo exit = check.Require(task.Wait());
  check.EXPECT_THAT(exit, ExitedWith(137));
  for (const auto& wait : waits) {
    const ExitInfo seen = check.Require(AsExit(wait->Get()), {.code = why::kExitLost});
    check.EXPECT_THAT(seen.exit_status, Eq(exit.exit_status), {.code = why::kExitStatus});
    check.EXPECT_THAT(seen.exited_at_ns, Eq(exit.exited_at_ns), {.code = why::kExitStatus});
  }
}

void LostConnectionLeavesOtherWaiters(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  ShimUnderTest& stays = task.shim();
  ShimUnderTest& leaves = check.ConnectTo(stays.address(), stays.task_version());
  const std::unique_ptr<PendingReply> kept = task.WaitAsync();
  const std::unique_ptr<PendingReply> lost = leaves.CallAsync("Wait", WaitRequest(task.id()));
  check.Require(leaves.Connect(task.id()));
  leaves.Disconnect();
  const TaskView before = Observe(check, task);
  check.EXPECT_THAT(before.status, Eq(TaskStatus::kRunning), {.code = why::kStateWrong});
  check.EXPECT_THAT(kept->done(), Eq(false), {.text = "Wait waits"});
  check.Require(task.Kill(SIGKILL));
  check.EXPECT_THAT(AsExit(kept->Get()), IsOkAndHolds(ExitedWith(137)), {.code = why::kExitLost});
}

void WaitIsReleasedByDelete(CheckContext& check) {
  const Task task = check.Create(Program("pause"));
  const std::unique_ptr<PendingReply> wait =
      task.shim().CallAsync("Wait", WaitRequest(task.id()), {.deadline = kSoon});
  check.Require(task.State());
  const absl::Status deleted = task.Delete().status();
  if (!deleted.ok()) check.Skip("this shim does not delete a created task");
  const absl::Status released = wait->Get().status();
  check.EXPECT_THAT(released.code() == absl::StatusCode::kDeadlineExceeded, Eq(false),
                    {.text = "a waiter of a task that is deleted unstarted gets an answer",
                     .code = why::kReplyMissing});
  ExpectAnswers(check, task.shim());
}

void WaitEndsWithTheDaemon(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::unique_ptr<PendingReply> wait =
      task.shim().CallAsync("Wait", WaitRequest(task.id()), {.deadline = kPromptly});
  check.Require(task.State());
  check.Require(task.shim().SendSignal(SIGTERM));
  check.EXPECT_THAT(wait->Get().status(),
                    Refused(absl::StatusCode::kUnknown, absl::StatusCode::kCancelled,
                            absl::StatusCode::kUnavailable, absl::StatusCode::kAborted),
                    {.text = "a pending Wait ends when SIGTERM ends the daemon"});
  check.EXPECT_THAT(task.shim().AwaitExit(kPromptly), Eq(true),
                    {.text = "the shim ends", .requirement = "SIG-02"});
}

}  // namespace

void AddWaitChecks(std::vector<Check>& checks) {
  checks.push_back({.id = "lifecycle/wait-is-released-by-the-exit-alone",
                    .requirements = {"WAIT-01"},
                    .tags = {kHostPidsTag},
                    .run = WaitIsReleasedByTheExitAlone});
  checks.push_back({.id = "lifecycle/wait-on-a-stopped-task-repeats-itself",
                    .requirements = {"WAIT-02"},
                    .run = WaitOnAStoppedTaskRepeats});
  checks.push_back({.id = "lifecycle/wait-before-start-covers-the-whole-life",
                    .requirements = {"WAIT-03"},
                    .run = WaitBeforeStartCoversTheWholeLife});
  checks.push_back({.id = "lifecycle/waiters-on-several-connections-agree",
                    .requirements = {"WAIT-04", "SOCK-13"},
                    .run = ManyWaitersAgree});
  checks.push_back({.id = "lifecycle/a-lost-connection-leaves-other-waiters-alone",
                    .requirements = {"TT-24", "SOCK-14", "WAIT-04"},
                    .run = LostConnectionLeavesOtherWaiters});
  checks.push_back({.id = "lifecycle/a-wait-pending-at-delete-is-released",
                    .requirements = {"WAIT-07"},
                    .level = Level::kShould,
                    .run = WaitIsReleasedByDelete});
  checks.push_back({.id = "lifecycle/a-pending-wait-ends-with-the-daemon",
                    .requirements = {"WAIT-08", "SIG-02"},
                    .level = Level::kShould,
                    .run = WaitEndsWithTheDaemon});
}

}  // namespace conformance
