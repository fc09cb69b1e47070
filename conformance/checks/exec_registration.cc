// SPDX-License-Identifier: Apache-2.0
// What Exec registers, under which id, and what it refuses.
#include <absl/strings/str_cat.h>

#include <csignal>

#include "conformance/checks/exec.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/harness/host_pids.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Ne;

void RegistersButDoesNotRun(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("print_args", "it-runs")));
  check.Linger(std::chrono::milliseconds(50));  // for what must not happen
  const StateInfo state = check.Require(exec.State());
  check.EXPECT_THAT(state, HasStatus(TaskStatus::kCreated), {.code = why::kStateWrong});
  check.EXPECT_THAT(state.pid, Eq(0u), {.text = "there is no process yet"});
  check.EXPECT_THAT(exec.stdio().output(), Eq(""), {.code = why::kProcessState});
  check.Require(exec.Start());
  check.EXPECT_THAT(exec.stdio().AwaitOutput("it-runs"), Eq(true),
                    {.text = "the output has \"it-runs\"", .code = why::kOutputLost});
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
}

void StateOfAnExec(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec =
      check.Require(task.AddExec(Program("pause"), {.stdio = {.standard_input = true}}));
  const auto expect_echo = [&](const char* when) {
    const StateInfo state = check.Require(exec.State());
    check.EXPECT_THAT(state.id, Eq(exec.exec_id()), {.text = when, .requirement = "STATE-01"});
    check.EXPECT_THAT(state.bundle, Eq(task.bundle().path), {.text = when});
    check.EXPECT_THAT(state.standard_input, Eq(exec.stdio().stdin_path()), {.text = when});
    check.EXPECT_THAT(state.standard_output, Eq(exec.stdio().stdout_path()), {.text = when});
    check.EXPECT_THAT(state.standard_error, Eq(exec.stdio().stderr_path()), {.text = when});
    check.EXPECT_THAT(state.terminal, Eq(false), {.text = when});
    return state;
  };
  expect_echo("before Start");
  const pid_t pid = check.Require(exec.Start());
  const StateInfo running = expect_echo("while running");
  check.EXPECT_THAT(running, HasStatus(TaskStatus::kRunning), {.code = why::kStateWrong});
  check.EXPECT_THAT(running.pid, Eq(static_cast<std::uint32_t>(pid)));
  check.EXPECT_THAT(pid, Ne(task.pid()), {.text = "an exec is a process of its own"});
  check.Require(exec.Kill(SIGKILL));
  check.Require(exec.Wait());
  const StateInfo stopped = expect_echo("when stopped");
  check.EXPECT_THAT(stopped, HasStatus(TaskStatus::kStopped), {.code = why::kStateWrong});
  check.EXPECT_THAT(stopped.exit_status, Eq(137u), {.code = why::kExitStatus});
}

void DuplicateIdIsRefused(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("pause"), {.exec_id = "twin"}));
  const auto expect_refused = [&](TaskStatus status, const char* when) {
    check.EXPECT_THAT(task.AddExec(Program("exit_code", "1"), {.exec_id = "twin"}).status(),
                      HasCode(absl::StatusCode::kAlreadyExists), {.text = when});
    check.EXPECT_THAT(exec.State(), IsOkAndHolds(HasStatus(status)),
                      {.text = "the first one is left alone", .code = why::kStateWrong});
  };
  expect_refused(TaskStatus::kCreated, "the id of an unstarted exec");
  check.Require(exec.Start());
  expect_refused(TaskStatus::kRunning, "the id of a running exec");
  check.Require(exec.Kill(SIGKILL));
  check.Require(exec.Wait());
  expect_refused(TaskStatus::kStopped, "the id of a stopped exec");
  const std::vector<Event> events = ForProcess(EndTask(check, task), task.id(), "twin");
  check.EXPECT_THAT(SurplusTopics(events, {"exec-added", "exec-started", "exit", "delete"}),
                    IsEmpty(), {.code = why::kEventUnexpected, .requirement = "EVT-03"});
}

void IdIsFreeAfterDelete(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  for (int round = 1; round <= 4; ++round) {
    const Exec exec = check.Require(
        task.AddExec(Program("exit_code", std::to_string(round)), {.exec_id = "again"}));
    check.Require(exec.Start());
    check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(static_cast<std::uint32_t>(round))),
                      {.text = "each round has its own exit status"});
    check.EXPECT_THAT(exec.Delete(), IsOkAndHolds(ExitedWith(static_cast<std::uint32_t>(round))));
  }
  ExpectAnswers(check, task.shim());
}

void SameIdInTwoContainers(CheckContext& check) {
  const Task left = check.Run(Program("pause"));
  const Task right = check.Run(Program("pause"), {.shim = &left.shim()});
  const Exec in_left = check.Require(left.AddExec(Program("exit_code", "3"), {.exec_id = "same"}));
  const Exec in_right = check.Require(right.AddExec(Program("pause"), {.exec_id = "same"}));
  const pid_t left_pid = check.Require(in_left.Start());
  const pid_t right_pid = check.Require(in_right.Start());
  check.EXPECT_THAT(left_pid, Ne(right_pid));
  check.EXPECT_THAT(in_left.Wait(), IsOkAndHolds(ExitedWith(3)));
  check.EXPECT_THAT(in_right.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the namesake is another process", .code = why::kStateWrong});
  check.EXPECT_THAT(in_left.Delete(), IsOkAndHolds(ExitedWith(3)));
  check.Require(in_right.Kill(SIGKILL));
  check.EXPECT_THAT(in_right.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(left.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  check.EXPECT_THAT(right.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

void UnknownExecIsNotFound(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const TaskView before = Observe(check, task);
  ExpectNotFound(check, task.shim(), ProcessCalls(), task.id(), "no-such-exec", "of an exec");
  ExpectUnchanged(check, task, before, "calls on an unknown exec");
}

void DeletedExecIsNotFound(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const TaskView before = Observe(check, task);
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "0")));
  check.Require(exec.Start());
  check.Require(exec.Wait());
  check.Require(exec.Delete());
  ExpectNotFound(check, task.shim(), ProcessCalls(), task.id(), exec.exec_id(),
                 "of a deleted exec");
  ExpectUnchanged(check, task, before, "calls on a deleted exec");
}

// Refused, nothing registered: the same id serves the next Exec.
void ExpectSpecRefused(CheckContext& check, ExecOptions options,
                       const ::testing::Matcher<const absl::Status&>& refused) {
  const Task task = check.Run(Program("pause"));
  const TaskView before = Observe(check, task);
  options.exec_id = "misshapen";
  const absl::Status status = task.AddExec(Program("exit_code", "0"), options).status();
  check.ASSERT_THAT(status, refused);
  ExpectUnchanged(check, task, before, "the refused Exec");
  const absl::StatusOr<Exec> next =
      task.AddExec(Program("exit_code", "5"), {.exec_id = "misshapen"});
  check.ASSERT_THAT(next.status(), IsOk(), {.text = "a refused Exec reserves no id"});
  check.Require(next->Start());
  check.EXPECT_THAT(next->Wait(), IsOkAndHolds(ExitedWith(5)));
}

void UndecodableSpecIsRefused(CheckContext& check) {
  ExpectSpecRefused(check, {.process_json = R"({"args": ["/bin/true")"}, IsError());
}

void MissingSpecIsSurvived(CheckContext& check) {
  ExpectSpecRefused(check, {.omit_spec = true},
                    Refused(absl::StatusCode::kInvalidArgument, absl::StatusCode::kAlreadyExists,
                            absl::StatusCode::kFailedPrecondition));
}

void OddIdsAreNoted(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const TaskView before = Observe(check, task);
  // containerd has judged ids before; what a shim does with odd ones only tells how it is built.
  const absl::Status status = task.AddExec(Program("pause"), {.exec_id = "../odd"}).status();
  check.Note(
      absl::StrCat("Exec with the id \"../odd\": ", absl::StatusCodeToString(status.code())));
  ExpectUnchanged(check, task, before, "an Exec with an odd id");
}

void UnstartedExecGoesWhilePaused(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec unstarted = check.Require(task.AddExec(Program("pause")));
  const Exec running = check.Require(task.AddExec(Program("pause")));
  check.Require(running.Start());
  check.Require(task.Pause());
  check.EXPECT_THAT(running.State(), IsOkAndHolds(HasStatus(TaskStatus::kPaused)),
                    {.text = "an exec is paused with its container",
                     .code = why::kStateWrong,
                     .requirement = "PAUSE-01"});
  check.EXPECT_THAT(unstarted.Delete(), IsOk(), {.text = "an unstarted exec may be deleted"});
  check.EXPECT_THAT(unstarted.State(), HasCode(absl::StatusCode::kNotFound));
  check.Require(task.Resume());
  check.EXPECT_THAT(running.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.code = why::kStateWrong, .requirement = "PAUSE-02"});
}

}  // namespace

void AddExecRegistrationChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  checks.push_back({.id = "exec/nothing-runs-before-start",
                    .requirements = {"EXEC-01"},
                    .needs = exec,
                    .run = RegistersButDoesNotRun});
  checks.push_back({.id = "exec/state-echoes-the-request-all-its-life",
                    .requirements = {"STATE-01", "STATE-02"},
                    .tags = {kHostPidsTag},
                    .needs = exec,
                    .run = StateOfAnExec});
  checks.push_back({.id = "exec/a-duplicate-id-already-exists",
                    .requirements = {"EXEC-02", "EVT-03"},
                    .needs = exec,
                    .run = DuplicateIdIsRefused});
  checks.push_back({.id = "exec/an-id-is-free-after-delete",
                    .requirements = {"EXEC-03"},
                    .needs = exec,
                    .run = IdIsFreeAfterDelete});
  checks.push_back({.id = "exec/the-same-id-in-two-containers-is-two-processes",
                    .requirements = {"STATE-01", "TASK-03"},
                    .tags = {kHostPidsTag},
                    .needs = exec | Need::kGrouping,
                    .run = SameIdInTwoContainers});
  checks.push_back({.id = "exec/calls-on-an-unknown-exec-are-not-found",
                    .requirements = {"TASK-02", "START-32"},
                    .tags = {"matrix"},
                    .needs = exec,
                    .run = UnknownExecIsNotFound});
  checks.push_back({.id = "exec/calls-on-a-deleted-exec-are-not-found",
                    .requirements = {"TASK-02", "WAIT-06"},
                    .tags = {"matrix"},
                    .needs = exec,
                    .run = DeletedExecIsNotFound});
  checks.push_back({.id = "exec/an-undecodable-spec-reserves-nothing",
                    .requirements = {"EXEC-06"},
                    .level = Level::kShould,
                    .needs = exec,
                    .run = UndecodableSpecIsRefused});
  checks.push_back({.id = "exec/a-missing-spec-is-survived",
                    .requirements = {"EXEC-07", "UND-20"},
                    .level = Level::kShould,
                    .tags = {"malformed"},
                    .needs = exec,
                    .run = MissingSpecIsSurvived});
  checks.push_back({.id = "exec/odd-ids-leave-the-task-alone",
                    .requirements = {"EXEC-08"},
                    .level = Level::kMay,
                    .needs = exec,
                    .run = OddIdsAreNoted});
  checks.push_back({.id = "exec/an-unstarted-exec-can-be-deleted-while-paused",
                    .requirements = {"PAUSE-03", "PAUSE-01", "DELETE-05"},
                    .needs = exec | Need::kPause,
                    .run = UnstartedExecGoesWhilePaused});
}

}  // namespace conformance
