// SPDX-License-Identifier: Apache-2.0
// hooks.md: the order of hooks, how often they run, and specs that have none or odd ones.
#include "conformance/checks/hooks.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "conformance/checks/areas.h"
#include "conformance/checks/hook_plan.h"
#include "conformance/checks/hook_trace.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

const std::vector<HookPoint> kAllPoints = {HookPoint::kPrestart,        HookPoint::kCreateRuntime,
                                           HookPoint::kCreateContainer, HookPoint::kStartContainer,
                                           HookPoint::kPoststart,       HookPoint::kPoststop};

CreateOptions With(const std::vector<Hook>& hooks) {
  CreateOptions options;
  options.bundle.edit = WithHooks(hooks);
  return options;
}

// Two hooks at each point, "createRuntime 1" and "createRuntime 2".
std::vector<Hook> TwoAtEach(const HookTrace& trace, const std::vector<HookPoint>& points) {
  std::vector<Hook> hooks;
  // Points backwards: their order is the runtime's, not that of the file.
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    hooks.push_back(trace.At(*point, absl::StrCat(InfoOf(*point).key, " 1")));
    hooks.push_back(trace.At(*point, absl::StrCat(InfoOf(*point).key, " 2")));
  }
  return hooks;
}

void End(CheckContext& check, const Task& task) {
  check.Require(task.Kill(SIGKILL));
  check.Require(task.Wait());
  check.Require(task.Delete());
}

void CreateRunsItsHooksInOrder(CheckContext& check) {
  const HookTrace trace(check);
  check.Create(Program("pause"),
               With(TwoAtEach(trace, {HookPoint::kPrestart, HookPoint::kCreateRuntime,
                                      HookPoint::kCreateContainer})));
  check.EXPECT_THAT(trace.Names(),
                    ElementsAre("prestart 1", "prestart 2", "createRuntime 1", "createRuntime 2",
                                "createContainer 1", "createContainer 2"),
                    {.text = "all of them have run when Create returns", .code = why::kEventOrder});
}

void StartRunsItsHooksInOrder(CheckContext& check) {
  const HookTrace trace(check);
  const Task task =
      check.Create(Program("hook_trace", trace.path(), "process"),
                   With(TwoAtEach(trace, {HookPoint::kStartContainer, HookPoint::kPoststart})));
  check.EXPECT_THAT(trace.Names(), IsEmpty(),
                    {.text = "hooks of Start that ran in Create", .code = why::kEventOrder});
  check.Require(task.Start());
  const std::vector<std::string> returned = trace.Names();
  check.EXPECT_THAT(
      returned,
      IsSupersetOf({"startContainer 1", "startContainer 2", "poststart 1", "poststart 2"}),
      {.text = "hooks that have run when Start returns", .code = why::kEventOrder});
  check.Require(task.Wait());
  std::vector<std::string> names = trace.Names();
  const auto process = std::find(names.begin(), names.end(), "process");
  check.ASSERT_THAT(process != names.end(), Eq(true),
                    {.text = "the container's process has run", .code = why::kEventOrder});
  // It runs beside poststart.
  check.EXPECT_THAT(process - names.begin(), Ge(2),
                    {.text = "hooks that ran before the process", .code = why::kEventOrder});
  names.erase(process);
  check.EXPECT_THAT(absl::StrJoin(names, ", "),
                    Eq("startContainer 1, startContainer 2, poststart 1, poststart 2"),
                    {.code = why::kEventOrder});
}

void DeleteRunsItsHooksInOrder(CheckContext& check) {
  const HookTrace trace(check);
  const Task task = check.Run(Program("pause"), With(TwoAtEach(trace, {HookPoint::kPoststop})));
  check.Require(task.Kill(SIGKILL));
  check.Require(task.Wait());
  check.EXPECT_THAT(trace.Names(), IsEmpty(),
                    {.text = "poststop hooks that ran before Delete", .code = why::kEventOrder});
  check.Require(task.Delete());
  check.EXPECT_THAT(trace.Names(), ElementsAre("poststop 1", "poststop 2"),
                    {.text = "hooks that have run when Delete returns", .code = why::kEventOrder});
}

void EachRunsOnce(CheckContext& check) {
  const HookTrace trace(check);
  const Task task = check.Run(Program("pause"), With(trace.AtEach(kAllPoints)));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "0")));
  check.Require(exec.Start());
  check.Require(exec.Wait());
  End(check, task);
  check.EXPECT_THAT(
      check.RunDelete(task.bundle()).command.ExitedWith(0), Eq(true),
      {.text = "`delete` succeeds", .code = why::kProcessState, .requirement = "DEL-04"});
  check.EXPECT_THAT(trace.Names(),
                    UnorderedElementsAre("prestart", "createRuntime", "createContainer",
                                         "startContainer", "poststart", "poststop"),
                    {.text = "hooks of one life, with an exec and the `delete` action after it",
                     .code = why::kProcessState});
}

void EachContainerGetsItsOwn(CheckContext& check) {
  const HookTrace first_trace(check, "first");
  const HookTrace second_trace(check, "second");
  const Task first = check.Run(Program("pause"), With(first_trace.AtEach(kAllPoints)));
  CreateOptions options = With(second_trace.AtEach(kAllPoints));
  options.shim = &first.shim();
  const Task second = check.Run(Program("pause"), options);
  End(check, second);
  check.EXPECT_THAT(first_trace.Names(), Not(::testing::Contains("poststop")),
                    {.text = "the first container lives on", .code = why::kProcessState});
  End(check, first);
  for (const auto& [trace, task] :
       {std::make_pair(&first_trace, &first), {&second_trace, &second}}) {
    check.EXPECT_THAT(trace->Names().size(), Eq(6u),
                      {.text = absl::StrCat("hooks of ", task->id(), " that ran: ",
                                            ::testing::PrintToString(trace->Names())),
                       .code = why::kProcessState});
    for (const TraceLine& line : trace->Lines()) {
      const HookState state = line.state.value_or(HookState());
      const std::string what = absl::StrCat(line.name, " of ", task->id());
      check.EXPECT_THAT(state.id, Eq(task->id()), {.text = "id for " + what});
      check.EXPECT_THAT(state.bundle, Eq(task->bundle().path), {.text = "bundle for " + what});
    }
    check.EXPECT_THAT(trace->Require("createRuntime").state.value_or(HookState()).pid,
                      Eq(static_cast<std::int64_t>(task->pid())),
                      {.text = absl::StrCat("pid for createRuntime of ", task->id())});
  }
}

// config.json with `hooks` as its member of that name.
CreateOptions WithHooksMember(const nlohmann::json& hooks) {
  CreateOptions options;
  options.bundle.edit = [hooks](const std::string& text) {
    auto config = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    config["hooks"] = hooks;
    return config.dump();
  };
  return options;
}

void FewOrNoneIsLegal(CheckContext& check) {
  const HookTrace trace(check);
  ShimUnderTest& shim = check.Shim();
  std::vector<nlohmann::json> members = {nlohmann::json::object()};
  nlohmann::json empty_lists = nlohmann::json::object();
  for (const HookPointInfo& info : HookPoints()) empty_lists[info.key] = nlohmann::json::array();
  members.push_back(empty_lists);
  for (const nlohmann::json& member : members) {
    CreateOptions options = WithHooksMember(member);
    options.shim = &shim;
    const Task task = check.Run(Program("exit_code", "3"), options);
    check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(3)),
                      {.text = absl::StrCat("a container with \"hooks\": ", member.dump())});
    check.EXPECT_THAT(task.Delete(), IsOk());
  }
  for (const HookPointInfo& info : HookPoints()) {
    CreateOptions options = With({trace.At(info.point, info.key)});
    options.shim = &shim;
    const Task task = check.Run(Program("exit_code", "3"), options);
    check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(3)),
                      {.text = absl::StrCat("a container with ", info.key, " alone")});
    check.EXPECT_THAT(task.Delete(), IsOk());
  }
  check.EXPECT_THAT(trace.Names(),
                    ElementsAre("prestart", "createRuntime", "createContainer", "startContainer",
                                "poststart", "poststop"),
                    {.text = "one hook of each of six containers", .code = why::kProcessState});
}

}  // namespace

void AddHooksChecks(std::vector<Check>& checks) {
  const Needs hooks = ToNeeds(Need::kHooks);
  const std::vector<Check> rows = {
      {.id = "hooks/create-runs-its-hooks-in-order",
       .requirements = {"HOOK-01"},
       .needs = hooks,
       .run = CreateRunsItsHooksInOrder},
      {.id = "hooks/start-runs-its-hooks-in-order",
       .requirements = {"HOOK-01"},
       .needs = hooks,
       .run = StartRunsItsHooksInOrder},
      {.id = "hooks/delete-runs-its-hooks-in-order",
       .requirements = {"HOOK-01"},
       .needs = hooks,
       .run = DeleteRunsItsHooksInOrder},
      {.id = "hooks/each-hook-runs-exactly-once",
       .requirements = {"HOOK-10"},
       .needs = Need::kHooks | Need::kExec,
       .run = EachRunsOnce},
      {.id = "hooks/each-container-of-a-shared-shim-has-its-own",
       .requirements = {"HOOK-10", "TASK-04"},
       .needs = Need::kHooks | Need::kGrouping,
       .run = EachContainerGetsItsOwn},
      {.id = "hooks/few-or-none-is-legal",
       .requirements = {"HOOK-13"},
       .needs = hooks,
       .run = FewOrNoneIsLegal},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
  AddHookInputChecks(checks);
  AddHookFailureChecks(checks);
  AddHookEndChecks(checks);
}

}  // namespace conformance
