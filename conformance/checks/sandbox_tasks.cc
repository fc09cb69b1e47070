// SPDX-License-Identifier: Apache-2.0
// Contract 9.3: containers in a sandbox, and the sandbox's id at the Task service.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>

#include "conformance/checks/sandbox_support.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Eq;

constexpr milliseconds kChance{100};

bool IsExitOf(const Event& event, const std::string& id) {
  return event.topic == "/tasks/exit" && event.container_id == id;
}

// Kill, Wait, Delete.
void EndContainer(CheckContext& check, const Task& task) {
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.ASSERT_THAT(task.Delete(), IsOk());
}

void EachContainerHasAConnection(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  const SandboxUnderTest first = sandbox.Reconnected();
  const SandboxUnderTest second = sandbox.Reconnected();
  const Task gone = first.RunContainer(Program("pause"));
  const Task stays = second.RunContainer(Program("pause"));
  const auto waiting = stays.WaitAsync();
  EndContainer(check, gone);
  first.shim().Disconnect();
  check.Linger(kChance);
  check.EXPECT_THAT(stays.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the other container", .requirement = "SBX-33"});
  check.EXPECT_THAT(waiting->done(), Eq(false), {.requirement = "SBX-33"});
  ExpectReady(check, sandbox, "after the connection of a container was closed");
  EndContainer(check, stays);
}

void TaskShutdownLeavesTheShim(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  const Task task = sandbox.RunContainer(Program("exit_code", "3"));
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(3)));
  check.ASSERT_THAT(task.Delete(), IsOk());
  check.EXPECT_THAT(task.shim().Shutdown(task.id()), IsOk(),
                    {.text = "Shutdown of the Task service"});
  check.Linger(kChance);
  check.ASSERT_THAT(
      sandbox.shim().alive(), Eq(true),
      {.text = "the shim of a sandbox without containers lives on", .code = why::kShimCrashed});
  ExpectReady(check, sandbox, "after Shutdown");
  const Task next = sandbox.RunContainer(Program("exit_code", "4"));
  check.EXPECT_THAT(next.Wait(), IsOkAndHolds(ExitedWith(4)), {.text = "another container"});
}

void DeleteOfAContainerLeavesTheSandbox(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  const Task task = sandbox.RunContainer(Program("exit_code", "0"));
  const Task sibling = sandbox.RunContainer(Program("pause"));
  check.ASSERT_THAT(task.Wait(), IsOk());
  check.ASSERT_THAT(task.Delete(), IsOk());
  const DeleteResult result = check.RunDelete(task.bundle());
  check.EXPECT_THAT(
      result.command.ExitedWith(0), Eq(true),
      {.text = absl::StrCat("`delete` of a container: ", ::testing::PrintToString(result)),
       .code = why::kProcessState});
  ExpectReady(check, sandbox, "after `delete` of a container");
  check.EXPECT_THAT(sibling.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "its sibling"});
  check.EXPECT_THAT(check.CanConnect(sandbox.shim().address()), Eq(true),
                    {.text = "the socket of the sandbox", .code = why::kSocketState});
}

void EndsAreToldWhereTheyBelong(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  const auto waiting = sandbox.WaitAsync();
  const Task task = sandbox.RunContainer(Program("exit_code", "5"));
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(5)));
  const std::vector<Event> events = check.AwaitEvents([&task](const std::vector<Event>& received) {
    return std::any_of(received.begin(), received.end(),
                       [&task](const Event& event) { return IsExitOf(event, task.id()); });
  });
  check.EXPECT_THAT(std::any_of(events.begin(), events.end(),
                                [&task](const Event& event) { return IsExitOf(event, task.id()); }),
                    Eq(true), {.text = "/tasks/exit of the container", .code = why::kEventMissing});
  check.EXPECT_THAT(
      waiting->done(), Eq(false),
      {.text = "the end of a container is not that of its sandbox", .code = why::kExitStatus});
  check.ASSERT_THAT(task.Delete(), IsOk());
  check.ASSERT_THAT(sandbox.Stop(), IsOk());
  check.EXPECT_THAT(AsSandboxEnd(waiting->Get()).status(), IsOk());
  check.Linger(kChance);
  for (const Event& event : check.Events()) {
    const bool of_sandbox =
        event.container_id == sandbox.id() || absl::StartsWith(event.topic, "/sandboxes/");
    check.EXPECT_THAT(of_sandbox, Eq(false),
                      {.text = absl::StrCat("an event about the sandbox, which is containerd's to "
                                            "publish: ",
                                            event.topic),
                       .code = why::kEventUnexpected});
  }
}

void TheTaskServiceAnswersForIt(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  const SandboxUnderTest again = sandbox.Reconnected();
  check.ASSERT_THAT(again.shim().Connect(sandbox.id()), IsOk(),
                    {.text = "Connect with the sandbox's id"});
  containerd::task::v3::PidsRequest request;
  request.set_id(sandbox.id());
  const absl::Status pids = again.shim().Call("Pids", request.SerializeAsString()).status();
  check.EXPECT_THAT(pids.ok() || absl::IsNotFound(pids), Eq(true),
                    {.text = absl::StrCat("Pids of the sandbox's id: ", pids.ToString()),
                     .code = why::kReplyCode});
  check.EXPECT_THAT(again.shim().Call("State", request.SerializeAsString()),
                    HasCode(StatusCode::kNotFound), {.text = "State of the sandbox's id"});
  ExpectReady(check, sandbox, "after that");
}

void ARestartedContainerdWaitsAgain(CheckContext& check) {
  const SandboxUnderTest before = SandboxUnderTest(check);
  before.Run();
  const auto lost = before.WaitAsync();
  const std::uint32_t pid = check.Require(before.Status()).pid();
  before.shim().Disconnect();
  const SandboxUnderTest after = before.Reconnected();
  check.ASSERT_THAT(after.shim().Connect(after.id()), IsOk(), {.requirement = "SBX-37"});
  const sandbox_v1::SandboxStatusResponse status = check.Require(after.Status());
  check.EXPECT_THAT(status.state(), Eq("SANDBOX_READY"), {.code = why::kStateWrong});
  check.EXPECT_THAT(status.pid(), Eq(pid), {.requirement = "SBX-10"});
  const auto waiting = after.WaitAsync();
  check.Linger(kChance);
  check.ASSERT_THAT(
      waiting->done(), Eq(false),
      {.text = "WaitSandbox of the restarted containerd is pending", .code = why::kExitStatus});
  check.ASSERT_THAT(after.Stop(), IsOk());
  check.EXPECT_THAT(AsSandboxEnd(waiting->Get()).status(), IsOk(), {.requirement = "SBX-07"});
}

void NothingIsCreatedInAStoppedSandbox(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  const Task task = sandbox.RunContainer(Program("exit_code", "0"));
  check.ASSERT_THAT(task.Wait(), IsOk());
  check.ASSERT_THAT(task.Delete(), IsOk());
  check.ASSERT_THAT(sandbox.Stop(), IsOk());
  CreateOptions options;
  options.shim = &sandbox.shim();
  const Task late = check.TryCreate(Program("exit_code", "0"), options);
  check.EXPECT_THAT(late.create_status(),
                    Refused(StatusCode::kNotFound, StatusCode::kFailedPrecondition),
                    {.text = "Create in a sandbox that was stopped"});
  check.EXPECT_THAT(sandbox.Ping(), IsOk());
}

}  // namespace

void AddSandboxTaskChecks(std::vector<Check>& checks) {
  const Needs needs = ToNeeds(Need::kSandbox);
  const std::vector<Check> rows = {
      {.id = "sandbox/each-container-has-a-connection",
       .requirements = {"SBX-30", "SBX-33"},
       .needs = needs,
       .run = EachContainerHasAConnection},
      {.id = "sandbox/task-shutdown-leaves-the-shim",
       .requirements = {"SBX-32", "SHUT-03"},
       .needs = needs,
       .run = TaskShutdownLeavesTheShim},
      {.id = "sandbox/delete-of-a-container-leaves-the-sandbox",
       .requirements = {"SBX-34"},
       .needs = needs,
       .run = DeleteOfAContainerLeavesTheSandbox},
      {.id = "sandbox/ends-are-told-where-they-belong",
       .requirements = {"SBX-35", "SBX-39"},
       .needs = needs,
       .run = EndsAreToldWhereTheyBelong},
      {.id = "sandbox/the-task-service-answers-for-it",
       .requirements = {"SBX-37"},
       .needs = needs,
       .run = TheTaskServiceAnswersForIt},
      {.id = "sandbox/a-restarted-containerd-waits-again",
       .requirements = {"SBX-06", "SBX-07", "SBX-10", "SBX-37"},
       .needs = needs,
       .run = ARestartedContainerdWaitsAgain},
      {.id = "sandbox/nothing-is-created-in-a-stopped-sandbox",
       .requirements = {"SBX-22"},
       .level = Level::kShould,
       .needs = needs,
       .run = NothingIsCreatedInAStoppedSandbox},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
