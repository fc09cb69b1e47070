// SPDX-License-Identifier: Apache-2.0
// Contract §4.3 and the init's part of §4.5: what holds for a task over its whole life.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "conformance/checks/lifecycle.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/harness/host_pids.h"

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Eq;
using ::testing::Gt;
using ::testing::Le;
using ::testing::Ne;
using ::testing::Not;

// TASK-09: seconds of Go's zero time; the harness reports it as 0 like an absent one.
constexpr std::int64_t kNoTime = 0;

void UnknownMethodsAndServices(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const TaskView before = Observe(check, task);
  const std::string own = absl::StrCat("containerd.task.v", task.shim().task_version(), ".Task");
  const std::string request = StateRequest(task.id());
  check.EXPECT_THAT(task.shim().CallService(own, "NoSuchMethod", request),
                    HasCode(absl::StatusCode::kUnimplemented),
                    {.text = "an unknown method of the Task service"});
  check.EXPECT_THAT(task.shim().CallService("no.such.Service", "State", request),
                    HasCode(absl::StatusCode::kUnimplemented),
                    {.text = "a known method of an unknown service"});
  ExpectUnchanged(check, task, before, "unknown calls");
}

void OptionalCallsAreHonest(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const TaskView before = Observe(check, task);
  for (const TaskCall& call : ContainerCalls()) {
    // Stats may miss a cgroup (STATS-02), so its NOT_FOUND proves nothing.
    if (!call.optional || call.method == "Stats") continue;
    const absl::Status status = task.shim().Call(call.method, call.request(task.id(), "")).status();
    check.EXPECT_THAT(status, Not(HasCode(absl::StatusCode::kNotFound)),
                      {.text = absl::StrCat(call.method,
                                            " on a running task: done, refused or "
                                            "UNIMPLEMENTED, but not NOT_FOUND")});
  }
  // Pause was undone by the Resume that follows it in the list.
  ExpectUnchanged(check, task, before, "the optional calls");
}

void OnePidEverywhere(CheckContext& check) {
  const Task task = check.Create(Program("exit_code", "0"));
  const auto pid = static_cast<std::uint32_t>(task.pid());
  check.ASSERT_THAT(pid, Gt(0u), {.text = "Create returns a pid", .requirement = "CREATE-05"});

  const auto same = [&](std::uint32_t seen, const std::string& where) {
    check.EXPECT_THAT(seen, Eq(pid), {.text = absl::StrCat("the pid in ", where)});
  };
  same(check.Require(task.shim().Connect(task.id())).task_pid, "Connect of a created task");
  same(check.Require(task.State()).pid, "State of a created task");
  same(static_cast<std::uint32_t>(check.Require(task.Start())), "Start");
  check.Require(task.Wait());
  same(check.Require(task.State()).pid, "State of a stopped task");
  same(check.Require(task.shim().Connect(task.id())).task_pid, "Connect of a stopped task");
  same(check.Require(task.Delete()).pid, "Delete");
  for (const Event& event : EventsOfDeleted(check, task)) {
    same(event.pid, absl::StrCat("the event ", event.topic));
  }
}

void OneExitEverywhere(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "7"));
  const ExitInfo wait = check.Require(task.Wait());
  check.ASSERT_THAT(wait, ExitedWith(7), {.requirement = "EXIT-01"});
  check.ASSERT_THAT(wait.exited_at_ns, Ne(kNoTime), {.code = why::kExitStatus});

  const auto same = [&](std::uint32_t status, std::int64_t time, const std::string& where) {
    check.EXPECT_THAT(
        status, Eq(wait.exit_status),
        {.text = absl::StrCat("exit_status in ", where, " as in Wait"), .code = why::kExitStatus});
    check.EXPECT_THAT(
        time, Eq(wait.exited_at_ns),
        {.text = absl::StrCat("exited_at in ", where, " as in Wait"), .code = why::kExitStatus});
  };
  const StateInfo state = check.Require(task.State());
  same(state.exit_status, state.exited_at_ns, "State");
  const ExitInfo deleted = check.Require(task.Delete());
  same(deleted.exit_status, deleted.exited_at_ns, "Delete");
  const std::vector<Event> events = EventsOfDeleted(check, task);
  check.EXPECT_THAT(Topics(events), Contains("exit"), {.code = why::kEventMissing});
  for (const Event& event : events) {
    if (event.topic != "/tasks/exit" && event.topic != "/tasks/delete") continue;
    same(event.exit_status, event.exited_at_ns, absl::StrCat("the event ", event.topic));
  }
}

void ExitTimeIsPlausible(CheckContext& check) {
  const Task task = check.Create(Program("exit_code", "0"));
  const std::int64_t before_start = UnixNow();
  check.Require(task.Start());
  const std::int64_t exited_at = check.Require(task.Wait()).exited_at_ns;
  check.EXPECT_THAT(exited_at, AllOf(Gt(before_start), Le(UnixNow())),
                    {.text = "a process exits after its Start was called and before Wait returns",
                     .code = why::kExitStatus});
}

void NoExitTimeBeforeTheExit(CheckContext& check) {
  const Task task = check.Create(Program("pause"));
  const auto expect_none = [&](const char* when) {
    const StateInfo state = check.Require(task.State());
    check.EXPECT_THAT(state.exited_at_ns, Eq(kNoTime), {.text = when, .code = why::kExitStatus});
    check.EXPECT_THAT(state.exit_status, Eq(0u), {.text = when, .code = why::kExitStatus});
  };
  expect_none("a created process has not exited");
  check.Require(task.Start());
  expect_none("a running process has not exited");
  check.Require(task.Kill(SIGKILL));
  check.Require(task.Wait());
  check.EXPECT_THAT(check.Require(task.State()).exited_at_ns, Ne(kNoTime),
                    {.text = "a stopped process has exited", .code = why::kExitStatus});
}

void StateRightAfterStart(CheckContext& check) {
  // Whether the process still runs when State is asked is its own affair: both answers are right.
  const Task task = check.Create(Program("exit_code", "0"));
  const pid_t started = check.Require(task.Start());
  check.EXPECT_THAT(started, Gt(0),
                    {.text = "Start of a process that exits at once", .requirement = "TASK-06"});
  const StateInfo state = check.Require(task.State());
  check.EXPECT_THAT(state.pid, Eq(static_cast<std::uint32_t>(started)));
  check.EXPECT_THAT(state, AnyOf(HasStatus(TaskStatus::kRunning), HasStatus(TaskStatus::kStopped)),
                    {.code = why::kStateWrong});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)), {.requirement = "REAP-08"});
}

void SecondContainerInTheSameShim(CheckContext& check) {
  const Task first = check.Run(Program("pause"));
  const Task second = check.Run(Program("exit_code", "5"), {.shim = &first.shim()});
  check.EXPECT_THAT(second.pid(), Ne(first.pid()));
  const StateInfo state = check.Require(second.State());
  check.EXPECT_THAT(state.id, Eq(second.id()));
  check.EXPECT_THAT(state.bundle, Eq(second.bundle().path));
  check.EXPECT_THAT(second.Wait(), IsOkAndHolds(ExitedWith(5)));
  check.EXPECT_THAT(first.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the sibling is left alone", .code = why::kStateWrong});
  check.EXPECT_THAT(second.Delete(), IsOk());
  check.EXPECT_THAT(first.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the sibling is left alone", .code = why::kStateWrong});
  check.EXPECT_THAT(second.State(), HasCode(absl::StatusCode::kNotFound));
}

void CallsWorkWithoutEventDelivery(CheckContext& check) {
  check.Sink().Stop();
  const Task task = check.Create(Program("pause"));
  check.EXPECT_THAT(task.Start(), IsOk());
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  check.EXPECT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kStopped)));
  check.EXPECT_THAT(task.Delete(), IsOk());
  check.Sink().Restart();
  ExpectAnswers(check, task.shim());
}

void StartRunsTheCreatedProcess(CheckContext& check) {
  const Task task = check.Create(Program("print_args", "it-runs"));
  check.EXPECT_THAT(check.Require(task.Start()), Eq(task.pid()),
                    {.text = "Start returns the pid of Create"});
  check.ASSERT_THAT(task.stdio().AwaitOutput("it-runs"), Eq(true),
                    {.text = "Start executes the process", .code = why::kOutputLost});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
}

// Runs `process` as an init to its end; the lines of its stdout.
std::vector<std::string> LinesOf(CheckContext& check, const ProcessSpec& process,
                                 const CreateOptions& options = {}) {
  const Task task = check.Run(process, options);
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  return absl::StrSplit(task.stdio().output(), '\n', absl::SkipEmpty());
}

void TheProcessIsTheSpecs(CheckContext& check) {
  ProcessSpec printer = Program("print_env");
  printer.env = {"SHIMGAUGE_WORD=as it is", "SHIMGAUGE_EMPTY="};
  const std::vector<std::string> env = LinesOf(check, printer);
  check.EXPECT_THAT(env, Contains("SHIMGAUGE_WORD=as it is"));
  check.EXPECT_THAT(env, Contains("SHIMGAUGE_EMPTY="));
  CreateOptions options;
  options.bundle.edit = [](const std::string& text) {
    auto config = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    nlohmann::json& process = config["process"];
    process["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 321}, {"hard", 654}}};
    process["capabilities"] = {
        {"bounding", {"CAP_KILL"}}, {"permitted", {"CAP_KILL"}}, {"effective", {"CAP_KILL"}}};
    return config.dump();
  };
  const std::vector<std::string> identity = LinesOf(check, Program("print_identity"), options);
  check.EXPECT_THAT(identity, Contains("nofile 321 654"));
  check.EXPECT_THAT(identity, Contains("cap_bounding 0000000000000020"));
}

}  // namespace

void AddTaskChecks(std::vector<Check>& checks) {
  checks.push_back({.id = "lifecycle/unknown-methods-and-services-are-unimplemented",
                    .requirements = {"TT-14"},
                    .run = UnknownMethodsAndServices});
  checks.push_back({.id = "lifecycle/optional-calls-never-deny-a-running-task",
                    .requirements = {"TT-16"},
                    .run = OptionalCallsAreHonest});
  checks.push_back({.id = "lifecycle/one-pid-everywhere",
                    .requirements = {"TASK-05", "CREATE-05", "CONN-02", "START-30"},
                    .run = OnePidEverywhere});
  checks.push_back({.id = "lifecycle/one-exit-status-and-time-everywhere",
                    .requirements = {"TASK-07", "EXIT-01"},
                    .run = OneExitEverywhere});
  checks.push_back({.id = "lifecycle/exit-time-lies-between-start-and-now",
                    .requirements = {"TASK-08", "VM-34"},
                    .run = ExitTimeIsPlausible});
  checks.push_back({.id = "lifecycle/no-exit-time-before-the-exit",
                    .requirements = {"TASK-09"},
                    .level = Level::kShould,
                    .run = NoExitTimeBeforeTheExit});
  checks.push_back({.id = "lifecycle/state-right-after-start-knows-the-pid",
                    .requirements = {"START-34", "TASK-06", "REAP-08"},
                    .tags = {"race"},
                    .run = StateRightAfterStart});
  checks.push_back({.id = "lifecycle/a-second-container-lives-in-the-same-shim",
                    .requirements = {"TASK-04"},
                    .tags = {kHostPidsTag},
                    .needs = ToNeeds(Need::kGrouping),
                    .run = SecondContainerInTheSameShim});
  checks.push_back({.id = "lifecycle/calls-work-while-no-event-can-be-delivered",
                    .requirements = {"TASK-10"},
                    .tags = {"sink"},
                    .run = CallsWorkWithoutEventDelivery});
  checks.push_back({.id = "lifecycle/start-runs-the-created-process",
                    .requirements = {"START-30"},
                    .run = StartRunsTheCreatedProcess});
  checks.push_back({.id = "lifecycle/the-process-is-the-specs",
                    .requirements = {"START-30"},
                    .needs = ToNeeds(Need::kNamespaces),
                    .run = TheProcessIsTheSpecs});
}

}  // namespace conformance
