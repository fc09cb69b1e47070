// SPDX-License-Identifier: Apache-2.0
// Contract §4.10, the init's part.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "conformance/checks/lifecycle.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"

namespace conformance {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Ne;
using ::testing::SizeIs;

void DeleteForgetsTheTask(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "8"));
  check.Require(task.Wait());
  const ExitInfo deleted = check.Require(task.Delete());
  check.EXPECT_THAT(deleted, ExitedWith(8));
  check.EXPECT_THAT(deleted.pid, Eq(static_cast<std::uint32_t>(task.pid())));
  check.EXPECT_THAT(task.State(), HasCode(absl::StatusCode::kNotFound));
  check.EXPECT_THAT(task.Delete(), HasCode(absl::StatusCode::kNotFound),
                    {.text = "a second Delete", .requirement = "DELETE-03"});
  const std::vector<Event> events = EventsOfDeleted(check, task);
  check.EXPECT_THAT(SurplusTopics(events, {"create", "start", "exit", "delete"}), IsEmpty(),
                    {.text = "one deletion, one event", .code = why::kEventUnexpected});
  ExpectAnswers(check, task.shim());
}

void IdCanBeCreatedAgain(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "1"));
  ShimUnderTest& shim = check.StartShim(bundle);
  const pid_t daemon = shim.pid();
  pid_t previous = 0;
  for (int round = 0; round < 3; ++round) {
    const Task task =
        check.Run(Program("exit_code", "1"), {.existing_bundle = bundle, .shim = &shim});
    check.EXPECT_THAT(task.pid(), Ne(previous), {.text = "each round has a process of its own"});
    previous = task.pid();
    check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(1)));
    check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(1)));
    check.EXPECT_THAT(task.State(), HasCode(absl::StatusCode::kNotFound));
    ExpectAnswers(check, shim);
  }
  check.EXPECT_THAT(shim.pid(), Eq(daemon), {.text = "only Shutdown ends the daemon"});
}

void EngineHasForgottenTheContainer(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "2"));
  check.Require(task.Wait());
  const std::string state =
      absl::StrCat("/run/containerd/runc/", check.Namespace(), "/", task.id());
  std::error_code error;
  if (!std::filesystem::remove_all(state, error)) {
    check.Skip("the engine keeps its state elsewhere than in " + state);
  }
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(2)),
                    {.text = "Delete when the engine does not know the container any more"});
  check.EXPECT_THAT(check.World().MountsBelow(task.bundle().path), IsEmpty(),
                    {.code = why::kLeftMount});
  check.EXPECT_THAT(task.State(), HasCode(absl::StatusCode::kNotFound));
  // What only the engine's lost state knew of is not the shim's to remove.
  std::vector<std::string> cgroups = check.World().Cgroups();
  std::sort(cgroups.rbegin(), cgroups.rend());  // children before their parents
  for (const std::string& cgroup : cgroups) std::filesystem::remove(cgroup, error);
}

void AbandonedDelete(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "3"));
  check.Require(task.Wait());
  // The client gives up at once; TASKS of containerd's CRI plugin do the same after ten seconds.
  ShimUnderTest& impatient = check.ConnectTo(task.shim().address(), task.shim().task_version());
  check.Require(impatient.Connect(task.id()));
  const std::unique_ptr<PendingReply> abandoned = impatient.CallAsync(
      "Delete", DeleteRequest(task.id()),
      {.wire_timeout = std::chrono::milliseconds(1), .deadline = std::chrono::milliseconds(1)});
  impatient.Disconnect();
  const absl::StatusOr<ExitInfo> repeated = task.Delete();
  check.EXPECT_THAT(repeated, AnyOf(IsOk(), HasCode(absl::StatusCode::kNotFound)),
                    {.text = "an abandoned Delete has completed or can be repeated"});
  if (repeated.ok()) check.EXPECT_THAT(*repeated, ExitedWith(3));
  check.EXPECT_THAT(task.State(), HasCode(absl::StatusCode::kNotFound));
  check.EXPECT_THAT(check.World().MountsBelow(task.bundle().path), IsEmpty(),
                    {.code = why::kLeftMount});
  check.EXPECT_THAT(
      SurplusTopics(EventsOfDeleted(check, task), {"create", "start", "exit", "delete"}), IsEmpty(),
      {.code = why::kEventUnexpected});
}

// Descriptors of the daemon whose target `wanted` accepts, as "5 -> pipe:[123]".
std::vector<std::string> FdsTo(CheckContext& check, pid_t daemon,
                               bool (*wanted)(absl::string_view target)) {
  std::vector<std::string> found;
  for (const auto& [number, target] : check.World().Fds(daemon)) {
    if (wanted(target)) found.push_back(absl::StrCat(number, " -> ", target));
  }
  return found;
}

bool IsPipe(absl::string_view target) { return absl::StartsWith(target, "pipe:"); }
// FIFOs of clients and pty masters: nothing a daemon without tasks has any use for.
bool IsClientStream(absl::string_view target) {
  return absl::StrContains(target, "/ptmx") || absl::EndsWith(target, "-stdin") ||
         absl::EndsWith(target, "-stdout") || absl::EndsWith(target, "-stderr");
}

void RunToTheEnd(CheckContext& check, const ProcessSpec& process, ShimUnderTest* shim) {
  const Task task = check.Run(process, {.stdio = {.standard_input = true}, .shim = shim});
  task.stdio().CloseInput();
  check.Require(task.Kill(SIGKILL));
  check.Require(task.Wait());
  check.Require(task.Delete());
}

void ExpectNoStreamsLeft(CheckContext& check, const ProcessSpec& process) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& shim = check.StartShim(bundle);
  const auto streams = [&] { return FdsTo(check, shim.pid(), IsClientStream); };
  const auto pipes = [&] { return FdsTo(check, shim.pid(), IsPipe); };
  RunToTheEnd(check, process, &shim);
  const std::size_t pipes_before = pipes().size();  // some are opened once and kept
  RunToTheEnd(check, process, &shim);
  check.Eventually([&] { return streams().empty() && pipes().size() <= pipes_before; },
                   std::chrono::milliseconds(1000));
  check.EXPECT_THAT(
      streams(), IsEmpty(),
      {.text = "client FIFOs and terminals the daemon holds after Delete", .code = why::kLeftFd});
  check.EXPECT_THAT(pipes(), SizeIs(Le(pipes_before)),
                    {.text = "pipes the daemon holds after one more task has come and gone",
                     .code = why::kLeftFd});
  ExpectAnswers(check, shim);
}

void DeleteClosesThePipes(CheckContext& check) { ExpectNoStreamsLeft(check, Program("pause")); }

void DeleteClosesTheTerminal(CheckContext& check) {
  ProcessSpec process = Program("pause");
  process.terminal = true;
  ExpectNoStreamsLeft(check, process);
}

}  // namespace

void AddDeleteChecks(std::vector<Check>& checks) {
  checks.push_back({.id = "lifecycle/delete-forgets-the-task",
                    .requirements = {"DELETE-01", "DELETE-03"},
                    .run = DeleteForgetsTheTask});
  checks.push_back({.id = "lifecycle/an-id-can-be-created-again-after-delete",
                    .requirements = {"DELETE-13", "DELETE-01"},
                    .level = Level::kShould,
                    .run = IdCanBeCreatedAgain});
  checks.push_back({.id = "lifecycle/delete-works-when-the-engine-has-forgotten-the-container",
                    .requirements = {"DELETE-09"},
                    .needs = ToNeeds(Need::kOciEngine),
                    .run = EngineHasForgottenTheContainer});
  checks.push_back({.id = "lifecycle/an-abandoned-delete-completes-or-can-be-repeated",
                    .requirements = {"DELETE-10", "TT-24"},
                    .run = AbandonedDelete});
  checks.push_back({.id = "lifecycle/delete-closes-every-pipe-of-the-task",
                    .requirements = {"DELETE-12", "RES-05"},
                    .needs = ToNeeds(Need::kGrouping),
                    .run = DeleteClosesThePipes});
  checks.push_back({.id = "lifecycle/delete-closes-the-terminal-of-the-task",
                    .requirements = {"DELETE-12", "IO-46"},
                    .needs = Need::kGrouping | Need::kTerminal,
                    .run = DeleteClosesTheTerminal});
}

}  // namespace conformance
