// SPDX-License-Identifier: Apache-2.0
// Start of execs (contract §4.5): in every state of the init, failing, many at once.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <set>

#include "conformance/checks/exec.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/harness/host_pids.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kNoSuchProgram[] = "/no/such/program";
constexpr std::chrono::milliseconds kPromptly{5000};

void StartTwice(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("pause")));
  const pid_t pid = check.Require(exec.Start());
  check.EXPECT_THAT(exec.Start().status(), IsWrongState(), {.text = "a second Start"});
  const StateInfo state = check.Require(exec.State());
  check.EXPECT_THAT(state, HasStatus(TaskStatus::kRunning), {.code = why::kStateWrong});
  check.EXPECT_THAT(state.pid, Eq(static_cast<std::uint32_t>(pid)),
                    {.text = "the first process is the only one"});
  const std::vector<Event> events = ForProcess(EndTask(check, task), task.id(), exec.exec_id());
  check.EXPECT_THAT(SurplusTopics(events, {"exec-added", "exec-started", "exit", "delete"}),
                    IsEmpty(), {.code = why::kEventUnexpected, .requirement = "EVT-03"});
}

void FailedStartLeavesItCreated(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program(kNoSuchProgram)));
  const std::unique_ptr<PendingReply> wait = task.shim().CallAsync(
      "Wait", WaitRequest(task.id(), exec.exec_id()), {.deadline = kPromptly});
  const absl::Status started = exec.Start().status();
  check.ASSERT_THAT(started, IsError(), {.text = "the command does not exist"});
  check.EXPECT_THAT(std::string(started.message()), ::testing::HasSubstr(kNoSuchProgram),
                    {.text = "the error names the command", .requirement = "TT-22"});
  const StateInfo state = check.Require(exec.State());
  check.EXPECT_THAT(state, HasStatus(TaskStatus::kCreated), {.code = why::kStateWrong});
  check.EXPECT_THAT(state.pid, Eq(0u));
  check.EXPECT_THAT(wait->Get().status().code() == absl::StatusCode::kDeadlineExceeded, Eq(false),
                    {.text = "the failure releases Wait", .code = why::kReplyMissing});
  const std::vector<Event> events = ForProcess(EndTask(check, task), task.id(), exec.exec_id());
  check.EXPECT_THAT(
      SurplusTopics(events, {"exec-added", "delete"}), IsEmpty(),
      {.text = "what never ran neither started nor exited", .code = why::kEventUnexpected});
}

void AfterAFailedStart(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program(kNoSuchProgram), {.exec_id = "once"}));
  check.ASSERT_THAT(exec.Start(), IsError());
  check.EXPECT_THAT(exec.Kill(SIGKILL), HasCode(absl::StatusCode::kFailedPrecondition),
                    {.text = "Kill of an exec that never ran"});
  check.EXPECT_THAT(exec.Delete(), IsOk());
  check.EXPECT_THAT(exec.State(), HasCode(absl::StatusCode::kNotFound));
  const Exec next = check.Require(task.AddExec(Program("exit_code", "6"), {.exec_id = "once"}));
  check.Require(next.Start());
  check.EXPECT_THAT(next.Wait(), IsOkAndHolds(ExitedWith(6)), {.text = "the shim keeps serving"});
}

void StartsWhileTheInitIsCreated(CheckContext& check) {
  const Task task = check.Create(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "4")));
  check.EXPECT_THAT(exec.Start(), IsOkAndHolds(Gt(0)));
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(4)));
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kCreated)),
                    {.text = "the init still waits", .code = why::kStateWrong});
  check.EXPECT_THAT(task.Start(), IsOk());
}

void StartAfterTheInitsExit(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "0")));
  check.Require(task.Kill(SIGKILL));
  check.Require(task.Wait());
  check.EXPECT_THAT(exec.Start(), HasCode(absl::StatusCode::kFailedPrecondition));
  const std::vector<Event> events = ForProcess(EndTask(check, task), task.id(), exec.exec_id());
  check.EXPECT_THAT(SurplusTopics(events, {"exec-added", "delete"}), IsEmpty(),
                    {.text = "nothing started", .code = why::kEventUnexpected});
}

// It will never run, and who waits for it need not wait for its Delete.
void LateStartReleasesWhoWaits(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "0")));
  const std::unique_ptr<PendingReply> wait = exec.WaitAsync();
  check.Require(task.Kill(SIGKILL));
  check.Require(task.Wait());
  check.ASSERT_THAT(exec.Start(), IsError());
  check.EXPECT_THAT(AsExit(wait->Get()), IsOk(),
                    {.text = "Wait for an exec that was started after the exit of the init"});
}

// Position of the first event with this topic, or none.
std::ptrdiff_t Position(const std::vector<std::string>& topics, const std::string& topic) {
  return std::find(topics.begin(), topics.end(), topic) - topics.begin();
}

// The events of one exec that ran: added, started, exited, once each and in this order.
void ExpectLifeInOrder(CheckContext& check, const std::vector<Event>& all, const Task& task,
                       const std::string& exec_id) {
  const std::vector<Event> events = ForProcess(all, task.id(), exec_id);
  std::vector<std::string> topics = Topics(events);
  check.EXPECT_THAT(SurplusTopics(events, {"exec-added", "exec-started", "exit", "delete"}),
                    IsEmpty(), {.text = exec_id, .code = why::kEventDuplicate});
  const std::ptrdiff_t end = static_cast<std::ptrdiff_t>(topics.size());
  const std::ptrdiff_t added = Position(topics, "exec-added");
  const std::ptrdiff_t started = Position(topics, "exec-started");
  const std::ptrdiff_t exited = Position(topics, "exit");
  if (added == end || started == end || exited == end) {
    check.EXPECT_THAT(topics, ::testing::IsSupersetOf({"exec-added", "exec-started", "exit"}),
                      {.text = exec_id, .code = why::kEventMissing});
    return;
  }
  check.EXPECT_THAT(added < started && started < exited, Eq(true),
                    {.text = absl::StrCat("events of ", exec_id, " in the order ",
                                          ::testing::PrintToString(topics)),
                     .code = why::kEventOrder});
}

void StartedComesBeforeExit(CheckContext& check) {
  constexpr int kRounds = 20;
  const Task task = check.Run(Program("pause"));
  for (int i = 0; i < kRounds; ++i) {
    const Exec exec = check.Require(
        task.AddExec(Program("exit_code", "0"), {.exec_id = absl::StrCat("short-", i)}));
    check.EXPECT_THAT(exec.Start(), IsOkAndHolds(Gt(0)));
    check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)), {.code = why::kExitLost});
    check.EXPECT_THAT(exec.Delete(), IsOk());
  }
  const std::vector<Event> events = EndTask(check, task);
  for (int i = 0; i < kRounds; ++i) {
    ExpectLifeInOrder(check, events, task, absl::StrCat("short-", i));
  }
}

// Starts `execs` in one go, returns the pids by position.
std::vector<std::uint32_t> StartAllAtOnce(CheckContext& check, const Task& task,
                                          const std::vector<Exec>& execs) {
  std::vector<std::unique_ptr<PendingReply>> starts;
  starts.reserve(execs.size());
  for (const Exec& exec : execs) {
    ::containerd::task::v3::StartRequest request;
    request.set_id(task.id());
    request.set_exec_id(exec.exec_id());
    starts.push_back(task.shim().CallAsync("Start", request.SerializeAsString()));
  }
  std::vector<std::uint32_t> pids;
  for (const auto& start : starts) {
    ::containerd::task::v3::StartResponse response;
    const std::string bytes = check.Require(start->Get());
    check.EXPECT_THAT(response.ParseFromString(bytes), Eq(true), {.text = "it can be decoded"});
    pids.push_back(response.pid());
  }
  return pids;
}

void ManyAtOnce(CheckContext& check) {
  constexpr std::size_t kExecs = 20;
  const Task task = check.Run(Program("pause"));
  std::vector<Exec> execs;
  std::vector<std::unique_ptr<PendingReply>> waits;
  for (std::size_t i = 0; i < kExecs; ++i) {
    execs.push_back(check.Require(task.AddExec(Program("exit_code", std::to_string(i)))));
    waits.push_back(execs.back().WaitAsync());
  }
  const std::vector<std::uint32_t> pids = StartAllAtOnce(check, task, execs);
  // A pid may only come back after its process was reaped, which 20 short processes do not force.
  const std::set<std::uint32_t> distinct(pids.begin(), pids.end());
  check.EXPECT_THAT(distinct, SizeIs(kExecs), {.text = "each exec has a pid of its own"});
  check.EXPECT_THAT(distinct.count(0), Eq(0u));
  for (std::size_t i = 0; i < kExecs; ++i) {
    check.EXPECT_THAT(AsExit(waits[i]->Get()),
                      IsOkAndHolds(ExitedWith(static_cast<std::uint32_t>(i))),
                      {.text = "each Wait tells its own exit", .code = why::kExitLost});
    check.EXPECT_THAT(execs[i].Delete(),
                      IsOkAndHolds(::testing::Field(&ExitInfo::pid, Eq(pids[i]))));
  }
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  const std::vector<Event> events = EndTask(check, task);
  for (const Exec& exec : execs) ExpectLifeInOrder(check, events, task, exec.exec_id());
}

}  // namespace

void AddExecStartChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  checks.push_back({.id = "exec/start-twice-starts-one-process",
                    .requirements = {"START-32", "EVT-03"},
                    .needs = exec,
                    .run = StartTwice});
  checks.push_back({.id = "exec/a-failed-start-leaves-it-created",
                    .requirements = {"START-36", "TT-22"},
                    .needs = exec,
                    .run = FailedStartLeavesItCreated});
  checks.push_back({.id = "exec/after-a-failed-start-the-shim-keeps-serving",
                    .requirements = {"START-37", "KILL-04"},
                    .needs = exec,
                    .run = AfterAFailedStart});
  checks.push_back({.id = "exec/starts-while-the-init-is-only-created",
                    .requirements = {"START-38"},
                    .needs = exec,
                    .run = StartsWhileTheInitIsCreated});
  checks.push_back({.id = "exec/start-after-the-exit-of-the-init-is-a-failed-precondition",
                    .requirements = {"START-35"},
                    .level = Level::kShould,
                    .needs = exec,
                    .run = StartAfterTheInitsExit});
  checks.push_back({.id = "exec/start-after-the-exit-of-the-init-releases-who-waits",
                    .requirements = {"START-36", "START-35"},
                    .level = Level::kShould,
                    .needs = exec,
                    .run = LateStartReleasesWhoWaits});
  checks.push_back({.id = "exec/started-is-published-before-exit",
                    .requirements = {"START-31", "EVT-20"},
                    .tags = {"race"},
                    .needs = exec,
                    .run = StartedComesBeforeExit});
  checks.push_back({.id = "exec/twenty-starts-at-once-all-succeed",
                    .requirements = {"START-39", "EVT-20"},
                    .level = Level::kShould,
                    .tags = {"race", "load", kHostPidsTag},
                    .needs = exec,
                    .run = ManyAtOnce});
}

}  // namespace conformance
