// SPDX-License-Identifier: Apache-2.0
// The table of contract §4.2 as data: every call in every state of the init process.
#include <absl/strings/str_cat.h>
#include <sys/types.h>

#include <csignal>
#include <utility>

#include "conformance/checks/lifecycle.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"

namespace conformance {
namespace {

using ::testing::Contains;
using ::testing::Eq;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Ne;

// What a cell of the table says.
enum class Outcome {
  kOk,             // succeeds; the task is as it was
  kRefused,        // wrong state: an error other than NOT_FOUND; the task is as it was
  kNotFound,       // what it acts on has ended (KILL-02); the task is as it was
  kOkOrNotFound,   // either; the task is as it was
  kOkOrRefused,    // as the engine likes; the task is as it was
  kRefusedOrNone,  // refused, or a call this shim does not have (TT-16)
  kAddsExec,       // succeeds and registers an exec; the task is as it was
  kPauses,         // succeeds; the task is paused afterwards,
  kResumes,        // running,
  kStops,          // stopped,
  kRemoves,        // gone
};

// One call on a task: its outcome as a Status. Judges what is in a successful reply itself;
// `before` is the task as it was.
using Perform = absl::Status (*)(CheckContext& check, const Task& task, const TaskView& before);

struct Row {
  const char* call;
  Perform perform;
  Needs needs;
  HostNeeds host = 0;
};

struct Cell {
  const char* call;
  TaskStatus state;
  Outcome outcome;
  Level level;
  const char* requirement;
};

// --- the calls ---

absl::Status CreateAgain(CheckContext& check, const Task& task, const TaskView& /*before*/) {
  const absl::Status status = task.shim().Call("Create", CreateRequest(task.bundle())).status();
  if (!status.ok() && status.code() != absl::StatusCode::kAlreadyExists) {
    check.Note("a second Create of an id is better answered ALREADY_EXISTS than " +
               absl::StatusCodeToString(status.code()));
  }
  return status;
}

absl::Status StartCall(CheckContext& /*check*/, const Task& task, const TaskView& /*before*/) {
  return task.Start().status();
}
absl::Status PauseCall(CheckContext& /*check*/, const Task& task, const TaskView& /*before*/) {
  return task.Pause();
}
absl::Status ResumeCall(CheckContext& /*check*/, const Task& task, const TaskView& /*before*/) {
  return task.Resume();
}
absl::Status KillCall(CheckContext& /*check*/, const Task& task, const TaskView& /*before*/) {
  return task.Kill(SIGKILL);
}
absl::Status KillAllCall(CheckContext& /*check*/, const Task& task, const TaskView& /*before*/) {
  return task.Kill(SIGKILL, /*all=*/true);
}

absl::Status ExecCall(CheckContext& check, const Task& task, const TaskView& /*before*/) {
  const absl::StatusOr<Exec> exec = task.AddExec(Program("pause"), {.exec_id = "newcomer"});
  if (exec.ok()) {
    // While the init is paused State of every exec says so too; there Exec is refused anyway.
    check.EXPECT_THAT(exec->State(), IsOkAndHolds(HasStatus(TaskStatus::kCreated)),
                      {.text = "an exec waits for its Start", .code = why::kStateWrong});
  } else {
    const absl::Status state =
        task.shim().Call("State", StateRequest(task.id(), "newcomer")).status();
    check.EXPECT_THAT(state, HasCode(absl::StatusCode::kNotFound),
                      {.text = "a refused Exec registers nothing"});
  }
  return exec.status();
}

absl::Status DeleteCall(CheckContext& check, const Task& task, const TaskView& before) {
  const absl::StatusOr<ExitInfo> deleted = task.Delete();
  if (deleted.ok()) check.EXPECT_THAT(deleted->pid, Eq(before.pid), {.requirement = "TASK-05"});
  return deleted.status();
}

absl::Status UpdateCall(CheckContext& /*check*/, const Task& task, const TaskView& /*before*/) {
  return task.Update(R"({"cpu":{"shares":512}})");
}

absl::Status CheckpointCall(CheckContext& check, const Task& task, const TaskView& /*before*/) {
  return task.Checkpoint(check.ScratchDirectory() + "/image");
}

absl::Status PidsCall(CheckContext& check, const Task& task, const TaskView& before) {
  const absl::StatusOr<std::vector<PidInfo>> pids = task.Pids();
  if (!pids.ok()) return pids.status();
  if (before.status == TaskStatus::kStopped) {
    check.EXPECT_THAT(*pids, IsEmpty(), {.text = "a stopped container has no processes"});
  } else {
    check.EXPECT_THAT(*pids, Contains(Field(&PidInfo::pid, Eq(before.pid))),
                      {.text = "the init is one of the container's processes"});
  }
  return absl::OkStatus();
}

absl::Status StatsCall(CheckContext& check, const Task& task, const TaskView& /*before*/) {
  const auto stats = task.Stats();
  if (stats.ok()) check.EXPECT_THAT(stats->first, Ne(""), {.text = "Stats names its type"});
  return stats.status();
}

absl::Status ResizeCall(CheckContext& /*check*/, const Task& task, const TaskView& /*before*/) {
  return task.ResizePty(100, 40);
}
absl::Status CloseIoCall(CheckContext& /*check*/, const Task& task, const TaskView& /*before*/) {
  const absl::Status once = task.CloseIo();
  return once.ok() ? task.CloseIo() : once;  // idempotent
}

absl::Status WaitCall(CheckContext& check, const Task& task, const TaskView& before) {
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  if (before.status != TaskStatus::kStopped) {
    // The answers to later calls give a premature one its chance to arrive.
    ExpectUnchanged(check, task, before, "Wait");
    check.EXPECT_THAT(wait->done(), Eq(false), {.text = "Wait blocks until the process exits"});
    return absl::OkStatus();  // released by the clean-up; WAIT-01 has a check of its own
  }
  const absl::StatusOr<ExitInfo> exit = AsExit(wait->Get());
  if (!exit.ok()) return exit.status();
  check.EXPECT_THAT(exit->exit_status, Eq(before.exit_status), {.code = why::kExitStatus});
  check.EXPECT_THAT(exit->exited_at_ns, Eq(before.exited_at_ns), {.code = why::kExitStatus});
  return absl::OkStatus();
}

absl::Status ConnectCall(CheckContext& check, const Task& task, const TaskView& before) {
  const absl::StatusOr<ConnectInfo> info = task.shim().Connect(task.id());
  if (info.ok()) {
    check.EXPECT_THAT(info->task_pid, Eq(before.pid), {.text = "Connect names the init"});
    check.EXPECT_THAT(info->shim_pid, Eq(static_cast<std::uint32_t>(task.shim().pid())),
                      {.text = "Connect names the daemon", .requirement = "CONN-01"});
  }
  return info.status();
}

absl::Status ShutdownCall(CheckContext& /*check*/, const Task& task, const TaskView& /*before*/) {
  const absl::Status status = task.shim().Shutdown(task.id());
  return status.ok() ? task.shim().Shutdown(task.id(), /*now=*/true) : status;
}

std::vector<Row> Rows() {
  return {
      {"create", CreateAgain, 0},
      {"start", StartCall, 0},
      {"pause", PauseCall, ToNeeds(Need::kPause)},
      {"resume", ResumeCall, ToNeeds(Need::kPause)},
      {"kill", KillCall, 0},
      {"kill-all", KillAllCall, 0, ToHostNeeds(HostNeed::kEngineCgroups)},
      {"exec", ExecCall, ToNeeds(Need::kExec)},
      {"delete", DeleteCall, 0},
      {"update", UpdateCall, ToNeeds(Need::kUpdate)},
      {"checkpoint", CheckpointCall, 0},
      {"pids", PidsCall, 0, ToHostNeeds(HostNeed::kEngineCgroups)},
      {"stats", StatsCall, ToNeeds(Need::kStats)},
      {"resize-pty", ResizeCall, ToNeeds(Need::kTerminal)},
      {"close-io", CloseIoCall, 0},
      {"wait", WaitCall, 0},
      {"connect", ConnectCall, 0},
      {"shutdown", ShutdownCall, 0},
  };
}

// --- the table ---

// Not here: State, which every cell makes twice; Start in created state, which needs more than a
// cell (lifecycle_task.cc); Checkpoint where it is attempted, which is the engine's business.
namespace table {
using enum Outcome;
using enum TaskStatus;
using enum Level;
constexpr Cell kCells[] = {
    {"create", kCreated, kRefused, kShould, "CREATE-09"},
    {"create", kRunning, kRefused, kShould, "CREATE-09"},
    {"create", kPaused, kRefused, kShould, "CREATE-09"},
    {"create", kStopped, kRefused, kShould, "CREATE-09"},
    {"start", kRunning, kRefused, kMust, "START-32"},
    {"start", kPaused, kRefused, kMust, "PAUSE-03"},
    {"start", kStopped, kRefused, kMust, "START-33"},
    {"pause", kCreated, kRefused, kShould, "PAUSE-02"},
    {"pause", kRunning, kPauses, kShould, "PAUSE-01"},
    {"pause", kPaused, kRefused, kShould, "PAUSE-02"},
    {"pause", kStopped, kRefused, kShould, "PAUSE-02"},
    {"resume", kCreated, kRefused, kShould, "PAUSE-02"},
    {"resume", kRunning, kRefused, kShould, "PAUSE-02"},
    {"resume", kPaused, kResumes, kShould, "PAUSE-02"},
    {"resume", kStopped, kRefused, kShould, "PAUSE-02"},
    {"kill", kCreated, kStops, kMust, "KILL-08"},
    {"kill", kRunning, kStops, kMust, "KILL-01"},
    {"kill", kPaused, kStops, kMust, "KILL-08"},
    {"kill", kStopped, kNotFound, kMust, "KILL-02"},
    {"kill-all", kCreated, kStops, kMust, "KILL-06"},
    {"kill-all", kRunning, kStops, kMust, "KILL-06"},
    {"kill-all", kPaused, kStops, kMust, "KILL-06"},
    {"kill-all", kStopped, kOkOrNotFound, kMust, "KILL-06"},
    {"exec", kCreated, kAddsExec, kMust, "EXEC-09"},
    {"exec", kRunning, kAddsExec, kMust, "EXEC-09"},
    {"exec", kPaused, kRefused, kMust, "EXEC-09"},
    {"exec", kStopped, kRefused, kMust, "EXEC-09"},
    {"delete", kCreated, kRemoves, kShould, "DELETE-04"},
    {"delete", kRunning, kRefused, kMust, "DELETE-02"},
    {"delete", kPaused, kRefused, kMust, "DELETE-02"},
    {"delete", kStopped, kRemoves, kMust, "DELETE-01"},
    {"update", kCreated, kOk, kMust, "UPDATE-01"},
    {"update", kRunning, kOk, kMust, "UPDATE-01"},
    {"update", kPaused, kOk, kMust, "PAUSE-03"},
    {"update", kStopped, kRefused, kShould, "UPDATE-01"},
    {"checkpoint", kCreated, kRefusedOrNone, kShould, "CKPT-04"},
    {"checkpoint", kStopped, kRefusedOrNone, kShould, "CKPT-04"},
    {"pids", kCreated, kOk, kMust, "PIDS-01"},
    {"pids", kRunning, kOk, kMust, "PIDS-01"},
    {"pids", kPaused, kOk, kMust, "PIDS-01"},
    {"pids", kStopped, kOk, kMust, "PIDS-02"},
    {"stats", kCreated, kOk, kMust, "STATS-02"},
    {"stats", kRunning, kOk, kMust, "STATS-02"},
    {"stats", kPaused, kOk, kMust, "PAUSE-03"},
    {"stats", kStopped, kOkOrNotFound, kMust, "STATS-02"},
    {"resize-pty", kCreated, kOk, kShould, "PTY-02"},
    {"resize-pty", kRunning, kOk, kShould, "PTY-02"},
    {"resize-pty", kPaused, kOk, kShould, "PTY-02"},
    {"resize-pty", kStopped, kOkOrRefused, kShould, "PTY-02"},
    {"close-io", kCreated, kOk, kMust, "CLOSE-01"},
    {"close-io", kRunning, kOk, kMust, "CLOSE-01"},
    {"close-io", kPaused, kOk, kMust, "CLOSE-01"},
    {"close-io", kStopped, kOk, kMust, "CLOSE-01"},
    {"wait", kCreated, kOk, kMust, "WAIT-03"},
    {"wait", kRunning, kOk, kMust, "WAIT-01"},
    {"wait", kPaused, kOk, kMust, "WAIT-01"},
    {"wait", kStopped, kOk, kMust, "WAIT-02"},
    {"connect", kCreated, kOk, kMust, "CONN-02"},
    {"connect", kRunning, kOk, kMust, "CONN-02"},
    {"connect", kPaused, kOk, kMust, "CONN-02"},
    {"connect", kStopped, kOk, kMust, "CONN-02"},
    {"shutdown", kCreated, kOk, kMust, "SHUT-01"},
    {"shutdown", kRunning, kOk, kMust, "SHUT-01"},
    {"shutdown", kPaused, kOk, kMust, "SHUT-01"},
    {"shutdown", kStopped, kOk, kMust, "SHUT-01"},
};
}  // namespace table

// --- how a cell is judged ---

const char* StateWord(TaskStatus state) {
  switch (state) {
    case TaskStatus::kCreated:
      return "created";
    case TaskStatus::kRunning:
      return "running";
    case TaskStatus::kPaused:
      return "paused";
    case TaskStatus::kStopped:
      return "stopped";
    case TaskStatus::kPausing:
    case TaskStatus::kUnknown:
      break;
  }
  return "no";
}

Task Establish(CheckContext& check, TaskStatus state) {
  if (state == TaskStatus::kCreated) return check.Create(Program("pause"));
  if (state == TaskStatus::kStopped) {
    const Task task = check.Run(Program("exit_code", "3"));
    check.Require(task.Wait());
    return task;
  }
  const Task task = check.Run(Program("pause"));
  if (state == TaskStatus::kPaused) check.Require(task.Pause());
  return task;
}

::testing::Matcher<const absl::Status&> CodeFor(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
    case Outcome::kAddsExec:
    case Outcome::kPauses:
    case Outcome::kResumes:
    case Outcome::kStops:
    case Outcome::kRemoves:
      return IsOk();
    case Outcome::kRefused:
      return IsWrongState();
    case Outcome::kNotFound:
      return HasCode(absl::StatusCode::kNotFound);
    case Outcome::kOkOrNotFound:
      return HasCodeIn({absl::StatusCode::kOk, absl::StatusCode::kNotFound});
    case Outcome::kOkOrRefused:
      return ::testing::AnyOf(IsOk(), IsWrongState(), HasCode(absl::StatusCode::kNotFound));
    case Outcome::kRefusedOrNone:
      return ::testing::AnyOf(IsWrongState(), HasCode(absl::StatusCode::kUnimplemented));
  }
  return IsOk();
}

void ExpectState(CheckContext& check, const Task& task, TaskStatus expected) {
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(expected)), {.code = why::kStateWrong});
}

// The task after the call, as far as its state is concerned.
void JudgeEffect(CheckContext& check, const Task& task, const TaskView& before, const Cell& cell) {
  ExpectAnswers(check, task.shim());
  switch (cell.outcome) {
    case Outcome::kPauses:
      return ExpectState(check, task, TaskStatus::kPaused);
    case Outcome::kResumes:
      return ExpectState(check, task, TaskStatus::kRunning);
    case Outcome::kStops:
      check.Require(task.Wait(), {.text = "the signal must end the process"});
      return ExpectState(check, task, TaskStatus::kStopped);
    case Outcome::kRemoves:
      check.EXPECT_THAT(task.State(), HasCode(absl::StatusCode::kNotFound),
                        {.text = "a deleted task is forgotten"});
      check.EXPECT_THAT(check.Eventually([&] { return task.ProcessGone(); }), Eq(true),
                        {.text = "Delete removes the process", .code = why::kProcessState});
      return;
    case Outcome::kOk:
    case Outcome::kAddsExec:
    case Outcome::kRefused:
    case Outcome::kNotFound:
    case Outcome::kOkOrNotFound:
    case Outcome::kOkOrRefused:
    case Outcome::kRefusedOrNone:
      return ExpectUnchanged(check, task, before, cell.call);
  }
}

// What a task may publish that reached `cell.state`, took the call, and was then ended.
std::vector<std::string> AllowedTopics(const Cell& cell) {
  std::vector<std::string> topics = {"create", "exit", "delete"};
  if (cell.state != TaskStatus::kCreated) topics.emplace_back("start");
  const bool paused = cell.state == TaskStatus::kPaused || cell.outcome == Outcome::kPauses;
  if (paused) topics.emplace_back("paused");
  if (paused && cell.outcome != Outcome::kStops) topics.emplace_back("resumed");
  if (cell.outcome == Outcome::kAddsExec) {
    topics.emplace_back("exec-added");
    topics.emplace_back("delete");  // an exec nobody deleted may be said to go with its container
  }
  return topics;
}

void JudgeCell(CheckContext& check, const Row& row, const Cell& cell) {
  const Task task = Establish(check, cell.state);
  const TaskView before = Observe(check, task);
  check.ASSERT_THAT(before.status, Eq(cell.state), {.code = why::kStateWrong});

  const absl::Status outcome = row.perform(check, task, before);
  const std::string text = absl::StrCat(cell.call, " in ", StateWord(cell.state), " state");
  if (cell.outcome == Outcome::kStops) {
    // An end that nobody has ordered would be waited for in vain.
    check.ASSERT_THAT(outcome, CodeFor(cell.outcome), {.text = text});
  } else {
    check.EXPECT_THAT(outcome, CodeFor(cell.outcome), {.text = text});
  }
  JudgeEffect(check, task, before, cell);

  const std::vector<Event> events =
      cell.outcome == Outcome::kRemoves ? EventsOfDeleted(check, task) : EndTask(check, task);
  check.EXPECT_THAT(SurplusTopics(events, AllowedTopics(cell)), IsEmpty(),
                    {.text = "no event but for what happened",
                     .code = why::kEventUnexpected,
                     .requirement = "EVT-03"});
}

// --- states without a task ---

void CallsOnAbsentTask(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
  ShimUnderTest& shim = check.StartShim(bundle);
  ExpectNotFound(check, shim, ContainerCalls(), bundle.id, "", "before Create");
  check.EXPECT_THAT(check.Require(shim.Connect(bundle.id)).task_pid, Eq(0u),
                    {.text = "there is no task yet", .requirement = "CONN-01"});
  ExpectAnswers(check, shim);
  // None of them may have left anything that stands in the way of the real one.
  const Task task =
      check.Run(Program("exit_code", "0"), {.existing_bundle = bundle, .shim = &shim});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
}

void CallsOnDeletedTask(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "0"));
  check.Require(task.Wait());
  check.Require(task.Delete());
  ExpectNotFound(check, task.shim(), ContainerCalls(), task.id(), "", "after Delete");
  check.EXPECT_THAT(check.Require(task.shim().Connect(task.id())).task_pid, Eq(0u),
                    {.text = "there is no task any more", .requirement = "CONN-02"});
  ExpectAnswers(check, task.shim());
  check.EXPECT_THAT(
      SurplusTopics(EventsOfDeleted(check, task), {"create", "start", "exit", "delete"}), IsEmpty(),
      {.code = why::kEventUnexpected, .requirement = "EVT-03"});
}

}  // namespace

void AddStateMatrix(std::vector<Check>& checks) {
  const std::vector<Row> rows = Rows();
  for (const Cell& cell : table::kCells) {
    for (const Row& row : rows) {
      if (absl::string_view(row.call) != cell.call) continue;
      const Needs pause = cell.state == TaskStatus::kPaused ? ToNeeds(Need::kPause) : 0;
      const Check check = {
          .id = absl::StrCat("lifecycle/", cell.call, "-in-", StateWord(cell.state), "-state"),
          .requirements = {cell.requirement},
          .level = cell.level,
          .tags = {"matrix"},
          .needs = row.needs | pause,
          .host = row.host,
          .run = [row, cell](CheckContext& context) { JudgeCell(context, row, cell); }};
      // Once each, so that no call is missing in either version.
      if (cell.state == TaskStatus::kRunning) {
        AddOverEachTaskVersion({check}, checks);
      } else {
        checks.push_back(check);
      }
    }
  }
  checks.push_back({.id = "lifecycle/calls-on-an-absent-task-are-not-found",
                    .requirements = {"TASK-01", "CONN-01"},
                    .tags = {"matrix"},
                    .run = CallsOnAbsentTask});
  checks.push_back(
      {.id = "lifecycle/calls-on-a-deleted-task-are-not-found",
       .requirements = {"TASK-01", "DELETE-03", "WAIT-06", "STATS-03", "KILL-02", "CONN-02"},
       .tags = {"matrix"},
       .run = CallsOnDeletedTask});
}

}  // namespace conformance
