// SPDX-License-Identifier: Apache-2.0
// hooks.md: what a hook gets (arguments, environment, the state on stdin) and where it runs.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "conformance/checks/hook_plan.h"
#include "conformance/checks/hook_trace.h"
#include "conformance/checks/hooks.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/host_pids.h"

namespace conformance {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::Ne;
using ::testing::Pair;
using ::testing::UnorderedElementsAreArray;

constexpr std::size_t kLargeAnnotationBytes = 200 * 1024;

CreateOptions With(const std::vector<Hook>& hooks) {
  CreateOptions options;
  options.bundle.edit = WithHooks(hooks);
  return options;
}

void End(CheckContext& check, const Task& task) {
  check.Require(task.Kill(SIGKILL));
  check.Require(task.Wait());
  check.Require(task.Delete());
}

// One trace hook at every point, each changed by `edit`; the container has been through its life.
template <typename Edit>
HookTrace TraceAllPoints(CheckContext& check, Edit edit) {
  HookTrace trace(check);
  std::vector<Hook> hooks;
  for (const HookPointInfo& info : HookPoints()) {
    hooks.push_back(trace.At(info.point, info.key));
    edit(hooks.back());
  }
  End(check, check.Run(Program("pause"), With(hooks)));
  return trace;
}

// --- arguments, environment, working directory --------------------------------------------------

void FirstArgumentIsTheHooksName(CheckContext& check) {
  const HookTrace trace = TraceAllPoints(check, [](Hook& hook) { hook.args->front() = "my-name"; });
  for (const HookPointInfo& info : HookPoints()) {
    check.EXPECT_THAT(trace.Require(info.key).argv, ElementsAre("my-name", trace.path(), info.key),
                      {.text = absl::StrCat("argv of ", info.key)});
  }
}

// Without arguments hook_trace is told its file by the environment.
void ExpectPathAsOnlyArgument(CheckContext& check, const char* word,
                              const std::optional<std::vector<std::string>>& args) {
  std::vector<std::string> paths;
  HookTrace trace(check, absl::StrCat("trace-", word));
  std::vector<Hook> hooks;
  for (const HookPointInfo& info : HookPoints()) {
    Hook hook = trace.At(info.point, info.key);
    hook.args = args;
    hook.env = {absl::StrCat("HOOK_TRACE=", trace.path())};
    paths.push_back(hook.path);
    hooks.push_back(hook);
  }
  End(check, check.Run(Program("pause"), With(hooks)));
  std::vector<std::string> first_arguments;
  for (const TraceLine& line : trace.Lines()) {
    check.ASSERT_THAT(line.argv.size(), Eq(1u),
                      {.text = absl::StrCat("argv of a hook with ", word,
                                            " args: ", ::testing::PrintToString(line.argv))});
    first_arguments.push_back(line.argv.front());
  }
  check.EXPECT_THAT(first_arguments, UnorderedElementsAreArray(paths),
                    {.text = absl::StrCat("argv[0] of hooks with ", word, " args is their path")});
}

void WithoutArgumentsItIsThePath(CheckContext& check) {
  ExpectPathAsOnlyArgument(check, "absent", std::nullopt);
}

void WithEmptyArgumentsItIsThePath(CheckContext& check) {
  ExpectPathAsOnlyArgument(check, "empty", std::vector<std::string>());
}

void EnvironmentIsExactlyTheSpecs(CheckContext& check) {
  const std::vector<std::string> env = {"PATH=/nowhere", "EMPTY=", "EQUALS=a=b==c", "SPACES= a b ",
                                        "UTF8=\xc3\xa9"};
  const HookTrace trace = TraceAllPoints(check, [&env](Hook& hook) { hook.env = env; });
  for (const HookPointInfo& info : HookPoints()) {
    check.EXPECT_THAT(trace.Require(info.key).env, UnorderedElementsAreArray(env),
                      {.text = absl::StrCat("environment of ", info.key)});
  }
}

void NoEnvironmentMeansNone(CheckContext& check) {
  const HookTrace trace = TraceAllPoints(check, [](Hook&) {});
  for (const HookPointInfo& info : HookPoints()) {
    check.EXPECT_THAT(trace.Require(info.key).env, IsEmpty(),
                      {.text = absl::StrCat("environment of ", info.key, ", which lists none")});
  }
}

void NotesTheWorkingDirectory(CheckContext& check) {
  const HookTrace trace = TraceAllPoints(check, [](Hook&) {});
  for (const TraceLine& line : trace.Lines()) {
    check.EXPECT_THAT(line.cwd.substr(0, 1), Eq("/"),
                      {.text = absl::StrCat("working directory of ", line.name)});
    // The bundle's name differs from run to run.
    const bool bundle = line.state && line.cwd == line.state->bundle;
    check.Note(
        absl::StrCat("working directory of ", line.name, ": ", bundle ? "the bundle" : line.cwd));
  }
}

// --- the state -----------------------------------------------------------------------------------

void GetsTheState(CheckContext& check, HookPoint point) {
  const HookTrace trace(check);
  const HookPointInfo& info = InfoOf(point);
  CreateOptions options = With({trace.At(point, info.key)});
  options.bundle.annotations = {{"com.example.key", "a \"value\"\n"}, {"empty", ""}};
  const Task task = check.Run(Program("pause"), options);
  if (point == HookPoint::kPoststop) End(check, task);
  const TraceLine line = trace.Require(info.key);
  check.ASSERT_THAT(line.state.has_value(), Eq(true),
                    {.text = absl::StrCat("stdin is one JSON object: ", line.input)});
  check.EXPECT_THAT(line.state->oci_version, Ne(""), {.text = "ociVersion"});
  check.EXPECT_THAT(line.state->id, Eq(task.id()), {.text = "id"});
  check.EXPECT_THAT(line.state->status, Eq(std::string(info.status)), {.text = "status"});
  check.EXPECT_THAT(line.state->bundle, Eq(task.bundle().path), {.text = "bundle"});
  for (const auto& [key, value] : options.bundle.annotations) {
    check.EXPECT_THAT(line.state->annotations, Contains(Pair(key, value)), {.text = "annotations"});
  }
  if (!info.sees_live_container) return;
  if (info.in_container) {
    check.EXPECT_THAT(line.state->pid, Gt(0), {.text = "pid"});
  } else {
    check.EXPECT_THAT(line.state->pid, Eq(static_cast<std::int64_t>(task.pid())),
                      {.text = "pid, as the runtime's namespace has it"});
  }
}

void LargeStateArrivesWhole(CheckContext& check) {
  const HookTrace trace(check);
  std::vector<Hook> hooks;
  for (const HookPointInfo& info : HookPoints()) hooks.push_back(trace.At(info.point, info.key));
  CreateOptions options = With(hooks);
  const std::string value(kLargeAnnotationBytes, 'x');
  options.bundle.annotations = {{"large", value}};
  End(check, check.Run(Program("pause"), options));
  // Read once: what a check does for long keeps its event sink from being served.
  const std::vector<TraceLine> lines = trace.Lines();
  check.EXPECT_THAT(lines.size(), Eq(HookPoints().size()),
                    {.text = "hooks that ran", .code = why::kProcessState});
  for (const TraceLine& line : lines) {
    const bool whole = line.state && line.state->annotations == options.bundle.annotations;
    check.EXPECT_THAT(
        whole, Eq(true),
        {.text = absl::StrCat(line.name, " got its state with 200 KiB of annotations; ",
                              line.input.size(), " bytes arrived")});
  }
}

// --- where it runs -------------------------------------------------------------------------------

void RunsInItsNamespaces(CheckContext& check, HookPoint point) {
  const HookTrace trace(check);
  const HookPointInfo& info = InfoOf(point);
  const Task task = check.Run(Program("pause"), With({trace.At(point, info.key)}));
  constexpr pid_t kWorld = 1;  // the worker, whose namespaces are the shim's
  std::map<std::string, std::string> expected;
  // The kinds that every container of this suite has of its own.
  for (const char* kind : {"mnt", "pid", "ipc", "uts"}) {
    expected[kind] = check.World().NamespaceLink(info.in_container ? task.pid() : kWorld, kind);
    check.ASSERT_THAT(
        check.World().NamespaceLink(task.pid(), kind),
        Ne(check.World().NamespaceLink(kWorld, kind)),
        {.text = absl::StrCat("the container's own namespace ", kind), .code = why::kHarness});
  }
  if (point == HookPoint::kPoststop) End(check, task);
  const TraceLine line = trace.Require(info.key);
  for (const auto& [kind, link] : expected) {
    const auto found = line.namespaces.find(kind);
    check.EXPECT_THAT(found == line.namespaces.end() ? "" : found->second, Eq(link),
                      {.text = absl::StrCat("namespace ", kind, " of a ", info.key, " hook is the ",
                                            info.in_container ? "container's" : "runtime's"),
                       .code = why::kProcessState});
  }
}

// A network plug-in: configures the container's network from outside, before its process runs.
void ConfiguresTheNetwork(CheckContext& check, HookPoint point) {
  const Hook hook = ProgramHook(check, point, "loopback_mtu", {"--enter", "1234"});
  CreateOptions options;
  options.bundle.edit = [hook](const std::string& text) {
    auto config = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    config["linux"]["namespaces"].push_back({{"type", "network"}});
    return WithHooks({hook})(config.dump());
  };
  const Task task = check.Run(Program("loopback_mtu"), options);
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  check.EXPECT_THAT(task.stdio().output(), Eq("1234\n"),
                    {.text = absl::StrCat("the MTU of the loopback device that a ",
                                          InfoOf(point).key, " hook has set"),
                     .code = why::kProcessState});
}

}  // namespace

void AddHookInputChecks(std::vector<Check>& checks) {
  const Needs hooks = ToNeeds(Need::kHooks);
  const std::vector<Check> rows = {
      {.id = "hooks/the-first-argument-is-argv-0",
       .requirements = {"HOOK-03"},
       .needs = hooks,
       .run = FirstArgumentIsTheHooksName},
      {.id = "hooks/without-arguments-argv-0-is-the-path",
       .requirements = {"HOOK-03"},
       .needs = hooks,
       .run = WithoutArgumentsItIsThePath},
      {.id = "hooks/with-empty-arguments-argv-0-is-the-path",
       .requirements = {"HOOK-13", "HOOK-03"},
       .needs = hooks,
       .run = WithEmptyArgumentsItIsThePath},
      {.id = "hooks/the-environment-is-exactly-the-specs",
       .requirements = {"HOOK-04"},
       .needs = hooks,
       .run = EnvironmentIsExactlyTheSpecs},
      {.id = "hooks/no-environment-means-an-empty-one",
       .requirements = {"HOOK-04"},
       .needs = hooks,
       .run = NoEnvironmentMeansNone},
      {.id = "hooks/notes-the-working-directory",
       .requirements = {"HOOK-03"},
       .level = Level::kMay,
       .needs = hooks,
       .run = NotesTheWorkingDirectory},
      {.id = "hooks/a-large-state-arrives-whole",
       .requirements = {"HOOK-02"},
       .needs = hooks,
       .run = LargeStateArrivesWhole},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
  for (const HookPointInfo& info : HookPoints()) {
    const HookPoint point = info.point;
    checks.push_back({.id = absl::StrCat("hooks/", info.word, "-gets-the-state"),
                      .requirements = {"HOOK-02"},
                      .tags = {"matrix"},
                      .needs = hooks,
                      .run = [point](CheckContext& check) { GetsTheState(check, point); }});
    checks.push_back({.id = absl::StrCat("hooks/", info.word, "-runs-in-its-namespaces"),
                      .requirements = {"HOOK-01"},
                      .tags = {"matrix", kHostPidsTag},
                      .needs = Need::kHooks | Need::kNamespaces,
                      .run = [point](CheckContext& check) { RunsInItsNamespaces(check, point); }});
  }
  for (const HookPoint point : {HookPoint::kPrestart, HookPoint::kCreateRuntime}) {
    checks.push_back({.id = absl::StrCat("hooks/", InfoOf(point).word, "-configures-the-network"),
                      .requirements = {"HOOK-12"},
                      .level = Level::kShould,
                      .tags = {"matrix", kHostPidsTag},
                      .needs = Need::kHooks | Need::kNamespaces,
                      .run = [point](CheckContext& check) { ConfiguresTheNetwork(check, point); }});
  }
}

}  // namespace conformance
