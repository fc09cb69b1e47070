// SPDX-License-Identifier: Apache-2.0
// hooks.md: hooks that fail in every way at every point, that hang, that flood their output or
// ignore their input.
#include <absl/strings/str_cat.h>
#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>

#include "base/unique_fd.h"
#include "conformance/checks/hook_plan.h"
#include "conformance/checks/hook_trace.h"
#include "conformance/checks/hooks.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/host_pids.h"

namespace conformance {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kComplaint[] = "the hook says no";
constexpr char kStuck[] = "stuck-hook";  // argv[0] of a hook that does not end
constexpr char kAfter[] = "after";       // the hook behind the one that fails
constexpr char kFloodBytes[] = "1000000";
constexpr std::size_t kLargeAnnotationBytes = 200 * 1024;

// --- ways to fail --------------------------------------------------------------------------------

struct Failure {
  const char* word;     // in ids: "fails-by-" word
  const char* message;  // what the call's error has to carry; empty: left open
  Hook (*make)(CheckContext& check, HookPoint point);
};

Hook ExitsWithOne(CheckContext& check, HookPoint point) {
  return ProgramHook(check, point, "complain", {kComplaint, "1"});
}

Hook DiesBySignal(CheckContext& check, HookPoint point) {
  return ProgramHook(check, point, "kill_self", {absl::StrCat(SIGKILL)});
}

Hook IsAbsent(CheckContext& check, HookPoint point) {
  return ProgramHook(check, point, "no-such-hook");
}

// A file both in the container and outside that nobody may execute, not even root.
Hook IsNotExecutable(CheckContext& check, HookPoint point) {
  Hook hook;
  hook.point = point;
  hook.path = check.ScratchDirectory() + "/not-executable";
  const base::UniqueFd file(
      ::open(hook.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_TRUNC, 0644));
  check.ASSERT_THAT(file.ok(), Eq(true), {.code = why::kHarness});
  return hook;
}

Hook RunsPastItsTimeout(CheckContext& check, HookPoint point) {
  Hook hook = ProgramHook(check, point, "pause");
  hook.args = {kStuck};
  hook.timeout = 1;
  return hook;
}

constexpr Failure kFailures[] = {
    {"exit-code", kComplaint, ExitsWithOne},
    {"signal", "", DiesBySignal},
    {"absence", "no-such-hook", IsAbsent},
    {"missing-permission", "not-executable", IsNotExecutable},
};
constexpr Failure kTimeout = {"timeout", "", RunsPastItsTimeout};

bool StuckHookIsGone(CheckContext& check) {
  return check.Eventually([&check] {
    const std::vector<ProcessInfo> all = check.World().All();
    return std::none_of(all.begin(), all.end(), [](const ProcessInfo& process) {
      return process.state != 'Z' && !process.argv.empty() && process.argv.front() == kStuck;
    });
  });
}

// The failing hook, one behind it at the same point, one at each later point of the same call, and
// poststop.
CreateOptions FailingAt(CheckContext& check, const HookTrace& trace, HookPoint point,
                        const Failure& failure) {
  std::vector<Hook> hooks = {failure.make(check, point), trace.At(point, kAfter)};
  for (const HookPointInfo& info : HookPoints()) {
    const bool same_call = info.point <= HookPoint::kCreateContainer;
    if (info.point > point && same_call) hooks.push_back(trace.At(info.point, info.key));
  }
  if (point != HookPoint::kPoststop) hooks.push_back(trace.At(HookPoint::kPoststop, "poststop"));
  CreateOptions options;
  options.bundle.edit = WithHooks(std::move(hooks));
  return options;
}

void ExpectFailure(CheckContext& check, const absl::Status& status, HookPoint point,
                   const Failure& failure, const char* call) {
  const std::string what =
      absl::StrCat(call, " with a ", InfoOf(point).key, " hook that fails by ", failure.word);
  check.ASSERT_THAT(status, IsError(), {.text = what});
  check.EXPECT_THAT(std::string(status.message()), HasSubstr(failure.message),
                    {.text = absl::StrCat("the message of ", what)});
  check.EXPECT_THAT(StuckHookIsGone(check), Eq(true),
                    {.text = "a hook past its timeout is ended",
                     .code = why::kLeftProcess,
                     .requirement = "HOOK-05"});
}

// After the `delete` action with which containerd ends everything (REC-01).
void ExpectOnlyPoststopRan(CheckContext& check, const HookTrace& trace, const Bundle& bundle) {
  check.EXPECT_THAT(
      check.RunDelete(bundle).command.ExitedWith(0), Eq(true),
      {.text = "`delete` after the failure", .code = why::kProcessState, .requirement = "DEL-04"});
  check.EXPECT_THAT(trace.Names(), ElementsAre("poststop"),
                    {.text = "no hook runs after one that failed, but poststop, once",
                     .code = why::kProcessState});
}

void CreateFails(CheckContext& check, HookPoint point, const Failure& failure) {
  const HookTrace trace(check);
  const Task task = check.TryCreate(Program("pause"), FailingAt(check, trace, point, failure));
  ExpectFailure(check, task.create_status(), point, failure, "Create");
  check.EXPECT_THAT(task.State(), HasCode(absl::StatusCode::kNotFound),
                    {.text = "the container is removed", .requirement = "CREATE-11"});
  check.EXPECT_THAT(check.World().MountsBelow(task.bundle().path), IsEmpty(),
                    {.code = why::kLeftMount, .requirement = "CREATE-11"});
  ExpectAnswers(check, task.shim());
  ExpectOnlyPoststopRan(check, trace, task.bundle());
}

void StartFails(CheckContext& check, HookPoint point, const Failure& failure) {
  const HookTrace trace(check);
  const Task task = check.Create(Program("pause"), FailingAt(check, trace, point, failure));
  ExpectFailure(check, task.Start().status(), point, failure, "Start");
  check.EXPECT_THAT(check.Eventually([&task] { return task.ProcessGone(); }), Eq(true),
                    {.text = "the container is stopped", .code = why::kProcessState});
  check.EXPECT_THAT(task.Delete().status(),
                    HasCodeIn({absl::StatusCode::kOk, absl::StatusCode::kNotFound}),
                    {.text = "Delete after a failed Start"});
  ExpectAnswers(check, task.shim());
  ExpectOnlyPoststopRan(check, trace, task.bundle());
}

void DeleteSucceeds(CheckContext& check, HookPoint point, const Failure& failure) {
  const HookTrace trace(check);
  const Task task = check.Run(Program("pause"), FailingAt(check, trace, point, failure));
  check.Require(task.Kill(SIGKILL));
  check.Require(task.Wait());
  check.EXPECT_THAT(
      task.Delete(), IsOkAndHolds(ExitedWith(137)),
      {.text = absl::StrCat("Delete with a poststop hook that fails by ", failure.word)});
  check.EXPECT_THAT(task.State(), HasCode(absl::StatusCode::kNotFound));
  check.EXPECT_THAT(trace.Names(), ElementsAre(kAfter),
                    {.text = "the hook behind it runs all the same", .code = why::kProcessState});
  check.EXPECT_THAT(
      StuckHookIsGone(check), Eq(true),
      {.text = "the hook is gone", .code = why::kLeftProcess, .requirement = "HOOK-05"});
  ExpectAnswers(check, task.shim());
}

// A warning, or a failed Start: both policies are around, so that this only tells which.
void NotesWhatPoststartDoes(CheckContext& check) {
  const HookTrace trace(check);
  const Task task = check.TryCreate(Program("wait_for_signal", "--stay"),
                                    FailingAt(check, trace, HookPoint::kPoststart, kFailures[0]));
  const absl::Status started =
      task.create_status().ok() ? task.Start().status() : task.create_status();
  ExpectAnswers(check, task.shim());
  check.Note(!task.create_status().ok() ? "a poststart hook that fails makes Create fail"
             : started.ok()             ? "a poststart hook that fails is a warning"
                                        : "a poststart hook that fails makes Start fail");
  if (!started.ok()) return;
  const std::string answer = absl::StrCat("signal ", SIGUSR1, "\n");
  check.EXPECT_THAT(task.stdio().AwaitOutput("ready") && task.Kill(SIGUSR1).ok() &&
                        task.stdio().AwaitOutput(answer),
                    Eq(true),
                    {.text = "after a warning the container lives on", .code = why::kProcessState});
}

// --- hooks that are rude, but have not failed ----------------------------------------------------

void LiveOnce(CheckContext& check, const CreateOptions& options, const std::string& what) {
  const Task task = check.TryCreate(Program("exit_code", "5"), options);
  check.ASSERT_THAT(task.create_status(), IsOk(), {.text = absl::StrCat("Create with ", what)});
  check.ASSERT_THAT(task.Start(), IsOk(), {.text = absl::StrCat("Start with ", what)});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(5)));
  check.ASSERT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  check.EXPECT_THAT(
      task.stdio().output() + task.stdio().error(), Eq(""),
      {.text = "the container's own output", .code = why::kOutputLost, .requirement = "HOOK-11"});
  check.EXPECT_THAT(task.Delete(), IsOk(), {.text = absl::StrCat("Delete with ", what)});
}

void IgnoredStdinIsNoFailure(CheckContext& check) {
  std::vector<Hook> hooks;
  for (const HookPointInfo& info : HookPoints()) {
    hooks.push_back(ProgramHook(check, info.point, "exit_code", {"0"}));
  }
  CreateOptions options;
  options.bundle.edit = WithHooks(hooks);
  options.bundle.annotations = {{"large", std::string(kLargeAnnotationBytes, 'x')}};
  LiveOnce(check, options, "hooks that do not read their 200 KiB of stdin");
}

void FloodsDoNotBlock(CheckContext& check) {
  std::vector<Hook> hooks;
  for (const HookPointInfo& info : HookPoints()) {
    hooks.push_back(ProgramHook(check, info.point, "emit", {kFloodBytes, "--stderr", kFloodBytes}));
  }
  CreateOptions options;
  options.bundle.edit = WithHooks(hooks);
  LiveOnce(check, options, "hooks that write a megabyte to stdout and stderr each");
}

using Scenario = void (*)(CheckContext& check, HookPoint point, const Failure& failure);

Check Row(HookPoint point, const Failure& failure, Scenario scenario,
          std::vector<std::string> requirements) {
  Check row = {.id = absl::StrCat("hooks/", InfoOf(point).word, "-fails-by-", failure.word),
               .requirements = std::move(requirements),
               .tags = {"matrix"},
               .needs = ToNeeds(Need::kHooks),
               .run = [=](CheckContext& check) { scenario(check, point, failure); }};
  if (scenario == StartFails) row.tags.emplace_back(kHostPidsTag);  // it sees the process end
  return row;
}

}  // namespace

void AddHookFailureChecks(std::vector<Check>& checks) {
  constexpr HookPoint kInCreate[] = {HookPoint::kPrestart, HookPoint::kCreateRuntime,
                                     HookPoint::kCreateContainer};
  for (const Failure& failure : kFailures) {
    for (const HookPoint point : kInCreate) {
      checks.push_back(Row(point, failure, CreateFails, {"HOOK-07", "HOOK-06"}));
    }
    checks.push_back(Row(HookPoint::kStartContainer, failure, StartFails, {"HOOK-07", "HOOK-06"}));
    checks.push_back(Row(HookPoint::kPoststop, failure, DeleteSucceeds, {"HOOK-08"}));
  }
  // One for each call: a second passes in each of them.
  checks.push_back(Row(HookPoint::kCreateRuntime, kTimeout, CreateFails, {"HOOK-05", "HOOK-07"}));
  checks.push_back(Row(HookPoint::kStartContainer, kTimeout, StartFails, {"HOOK-05", "HOOK-07"}));
  checks.push_back(Row(HookPoint::kPoststop, kTimeout, DeleteSucceeds, {"HOOK-05", "HOOK-08"}));
  checks.push_back({.id = "hooks/notes-what-a-failed-poststart-does",
                    .requirements = {"HOOK-09"},
                    .level = Level::kMay,
                    .needs = ToNeeds(Need::kHooks),
                    .run = NotesWhatPoststartDoes});
  checks.push_back({.id = "hooks/an-ignored-stdin-is-no-failure",
                    .requirements = {"HOOK-06"},
                    .needs = ToNeeds(Need::kHooks),
                    .run = IgnoredStdinIsNoFailure});
  checks.push_back({.id = "hooks/floods-of-output-block-nothing",
                    .requirements = {"HOOK-11"},
                    .level = Level::kShould,
                    .needs = ToNeeds(Need::kHooks),
                    .run = FloodsDoNotBlock});
}

}  // namespace conformance
