// SPDX-License-Identifier: Apache-2.0
// Contract §5.2: every field of every topic, and no event for what did not succeed (EVT-03).
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "conformance/checks/events_support.h"
#include "conformance/harness/check_context.h"
#include "events/task.pb.h"

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;

namespace events = containerd::events;

std::int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The one event of this topic among those of a process, as its message. They were picked by the
// container and the exec that they name: one that misnames them is missing here.
template <typename Message>
Message OnlyAs(CheckContext& check, const std::vector<Event>& all, const std::string& topic) {
  Message message;
  const Event event = Only(check, all, topic);
  check.EXPECT_THAT(event.type_url, Eq(std::string(Message::descriptor()->full_name())),
                    {.text = absl::StrCat("type of the payload of /tasks/", topic),
                     .code = why::kEventField,
                     .requirement = "EVT-04"});
  check.ASSERT_THAT(message.ParseFromString(event.payload), Eq(true),
                    {.text = absl::StrCat("the payload of /tasks/", topic, " decodes"),
                     .code = why::kEventField});
  return message;
}

void StartNamesTheInit(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const auto start =
      OnlyAs<events::TaskStart>(check, UntilTopic(check, task.id(), "", "start"), "start");
  check.EXPECT_THAT(static_cast<pid_t>(start.pid()), Eq(task.pid()), {.code = why::kEventField});
}

void CreateRepeatsATerminal(CheckContext& check) {
  ProcessSpec process = Program("tty_report");
  process.terminal = true;
  CreateOptions options;
  options.stdio.standard_input = true;
  const Task task = check.Create(process, options);
  const auto create =
      OnlyAs<events::TaskCreate>(check, UntilTopic(check, task.id(), "", "create"), "create");
  check.EXPECT_THAT(
      create.io().terminal(), Eq(true),
      {.text = "/tasks/create says that there is a terminal", .code = why::kEventField});
  check.EXPECT_THAT(create.io().stdin(), Eq(task.stdio().stdin_path()), {.code = why::kEventField});
  check.EXPECT_THAT(create.io().stdout(), Eq(task.stdio().stdout_path()),
                    {.code = why::kEventField});
  check.EXPECT_THAT(create.io().stderr(), IsEmpty(), {.code = why::kEventField});
}

void ExecsAreNamed(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "4")));
  const pid_t pid = check.Require(exec.Start());
  check.ASSERT_THAT(exec.Wait(), IsOk());
  const std::vector<Event> own = UntilTopic(check, task.id(), exec.exec_id(), "exit");
  OnlyAs<events::TaskExecAdded>(check, own, "exec-added");
  const auto started = OnlyAs<events::TaskExecStarted>(check, own, "exec-started");
  check.EXPECT_THAT(static_cast<pid_t>(started.pid()), Eq(pid), {.code = why::kEventField});
}

void PauseAndResumeNameTheContainer(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.ASSERT_THAT(task.Pause(), IsOk());
  check.ASSERT_THAT(task.Resume(), IsOk());
  const std::vector<Event> own = UntilTopic(check, task.id(), "", "resumed");
  OnlyAs<events::TaskPaused>(check, own, "paused");
  OnlyAs<events::TaskResumed>(check, own, "resumed");
}

void TimesAreOfNow(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::int64_t before_kill = Now();
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.ASSERT_THAT(task.Wait(), IsOk());
  const std::int64_t after_wait = Now();
  check.ASSERT_THAT(task.Delete(), IsOk());
  const std::vector<Event> own = UntilDeleted(check, task.id());
  for (const char* topic : {"exit", "delete"}) {
    check.EXPECT_THAT(
        Only(check, own, topic).exited_at_ns, AllOf(Ge(before_kill), Le(after_wait)),
        {.text = absl::StrCat("exited_at of /tasks/", topic, " lies between Kill and Wait"),
         .code = why::kEventField});
  }
  // Seconds taken for milliseconds, or local time for UTC, are hours off.
  constexpr std::int64_t kMinute = 60'000'000'000;
  for (const Event& event : own) {
    check.EXPECT_THAT(event.timestamp_ns, AllOf(Ge(before_kill - kMinute), Le(Now() + kMinute)),
                      {.text = absl::StrCat("timestamp of the envelope of ", event.topic),
                       .code = why::kEventField,
                       .requirement = "EVT-02"});
  }
}

void OomNamesTheContainer(CheckContext& check) {
  CreateOptions options;
  options.bundle.memory_limit_bytes = 24 << 20;
  const Task task = check.Run(Program("allocate", "256"), options);
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)), {.requirement = "EXIT-03"});
  const std::vector<Event> own = UntilTopic(check, task.id(), "", "oom");
  const auto found = std::find_if(own.begin(), own.end(),
                                  [](const Event& event) { return HasTopic(event, "oom"); });
  check.ASSERT_THAT(found != own.end(), Eq(true),
                    {.text = "an event /tasks/oom", .code = why::kEventMissing});
  events::TaskOOM oom;
  check.ASSERT_THAT(oom.ParseFromString(found->payload), Eq(true),
                    {.text = "it can be decoded", .code = why::kEventField});
  check.EXPECT_THAT(oom.container_id(), Eq(task.id()), {.code = why::kEventField});
  check.EXPECT_THAT(found->type_url, Eq("containerd.events.TaskOOM"),
                    {.code = why::kEventField, .requirement = "EVT-04"});
}

void RefusedCallsPublishNothing(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.EXPECT_THAT(task.Start(), IsError(), {.text = "a second Start"});
  check.EXPECT_THAT(task.Delete(), IsError(), {.text = "Delete of a running task"});
  check.EXPECT_THAT(task.AddExec(Program("pause"), {.process_json = "{"}), IsError(),
                    {.text = "Exec with half a spec"});
  const Exec broken = check.Require(task.AddExec(Program("/no/such/program")));
  check.EXPECT_THAT(broken.Start(), IsError(), {.text = "Start of a missing program"});
  ExecOptions same;
  same.exec_id = broken.exec_id();
  check.EXPECT_THAT(task.AddExec(Program("pause"), same), IsError(),
                    {.text = "Exec with an id in use"});
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  EndAndDelete(check, task);
  const std::vector<Event> all = UntilDeleted(check, task.id());
  check.EXPECT_THAT(ForProcess(all, task.id(), ""),
                    ElementsAre(Topic("create"), Topic("start"), Topic("exit"), Topic("delete")),
                    {.text = "events of the init", .code = why::kEventUnexpected});
  const std::vector<Event> of_exec = ForProcess(all, task.id(), broken.exec_id());
  check.EXPECT_THAT(
      Count(of_exec, "exec-added"), Eq(1L),
      {.text = "exec-added of the exec that could not start", .code = why::kEventUnexpected});
  check.EXPECT_THAT(
      Count(of_exec, "exec-started"), Eq(0L),
      {.text = "exec-started of the exec that could not start", .code = why::kEventUnexpected});
}

}  // namespace

void AddEventFieldChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  const std::vector<Check> rows = {
      {.id = "events/start-names-the-init",
       .requirements = {"EVT-03", "EVT-04", "TASK-05"},
       .run = StartNamesTheInit},
      {.id = "events/create-repeats-a-terminal",
       .requirements = {"EVT-10"},
       .needs = ToNeeds(Need::kTerminal),
       .run = CreateRepeatsATerminal},
      {.id = "events/exec-events-name-their-exec",
       .requirements = {"EVT-11", "EVT-03", "EVT-04"},
       .needs = exec,
       .run = ExecsAreNamed},
      {.id = "events/paused-and-resumed-name-the-container",
       .requirements = {"PAUSE-01", "EVT-04"},
       .level = Level::kShould,
       .needs = ToNeeds(Need::kPause),
       .run = PauseAndResumeNameTheContainer},
      {.id = "events/times-are-of-now",
       .requirements = {"TASK-07", "EVT-02"},
       .run = TimesAreOfNow},
      {.id = "events/oom-names-the-container",
       .requirements = {"EVT-30", "EVT-31", "EVT-04"},
       .level = Level::kShould,
       .needs = ToNeeds(Need::kOomEvents),
       .run = OomNamesTheContainer},
      {.id = "events/refused-calls-publish-nothing",
       .requirements = {"EVT-03"},
       .needs = exec,
       .run = RefusedCallsPublishNothing},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
