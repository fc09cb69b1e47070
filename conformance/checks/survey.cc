// SPDX-License-Identifier: Apache-2.0
// One small scenario per capability: what passes here is worth judging.
#include "conformance/checks/survey.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "conformance/checks/bootstrap_support.h"
#include "conformance/checks/sandbox_support.h"
#include "conformance/checks/socket_reuse.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/profile.h"

namespace conformance {
namespace {

using ::testing::Contains;
using ::testing::Eq;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Ne;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kNoEngine[] = "/nonexistent/engine-of-the-judge";
constexpr std::int64_t kSmallMemory = 24 << 20;

// Whoever gets this far has a world. There is no shim that could show a sign of life.
void World(CheckContext& check) { check.Skip("the world is there"); }

void Runs(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "7"));
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(7)));
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(7)));
}

void RunsExecs(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "9")));
  check.ASSERT_THAT(exec.Start(), IsOk());
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(9)));
}

void Pauses(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.Require(task.Pause());
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kPaused)));
  check.Require(task.Resume());
}

void HasTerminals(CheckContext& check) {
  ProcessSpec process = Program("tty_report");
  process.terminal = true;
  const Task task = check.Run(process);
  check.EXPECT_THAT(task.ResizePty(80, 24), IsOk());
  check.EXPECT_THAT(task.stdio().AwaitOutputBytes(1), Eq(true),
                    {.text = "output through a terminal", .code = why::kOutputLost});
}

void Updates(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.EXPECT_THAT(task.Update(R"({"memory":{"limit":134217728}})"), IsOk());
}

void HasStats(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const auto stats = check.Require(task.Stats());
  check.EXPECT_THAT(stats.second, Not(IsEmpty()), {.text = "StatsResponse.stats"});
}

// The annotation under which two containers share a daemon is worth a note: profiles do not name
// it.
void Groups(CheckContext& check) {
  bool shares = false;
  for (const char* annotation : {kRuncGroup, kCriGroup}) {
    const BundleOptions options = {.annotations = {{annotation, "survey"}}};
    const StartResult one = RequireStart(check, check.MakeBundle(Program("pause"), options));
    const StartResult other = RequireStart(check, check.MakeBundle(Program("pause"), options));
    if (one.address != other.address) continue;
    check.Note(absl::StrCat("groups by ", annotation));
    shares = true;
  }
  check.EXPECT_THAT(
      shares, Eq(true),
      {.text = "two containers of one group share a shim", .code = why::kSocketState});
}

void WritesToFiles(CheckContext& check) {
  const std::string path = check.ScratchDirectory() + "/out.log";
  CreateOptions options;
  options.stdio.stdout_uri = "file://" + path;
  options.stdio.stderr_uri = options.stdio.stdout_uri;
  const Task task = check.Run(Program("emit_lines", "3"), options);
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(check.Eventually([&path] { return !ReadWholeFile(path).empty(); }), Eq(true),
                    {.text = "output in the file", .code = why::kFileContent});
}

void WritesToLoggers(CheckContext& check) {
  const std::string target = check.ScratchDirectory() + "/logged";
  check.ASSERT_THAT(::mkdir(target.c_str(), 0755), Eq(0), {.code = why::kHarness});
  CreateOptions options;
  options.stdio.stdout_uri = absl::StrCat("binary://", check.ProgramOnHost("logger"), "?", target);
  options.stdio.stderr_uri = options.stdio.stdout_uri;
  const Task task = check.Run(Program("emit", "100"), options);
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(task.Delete(), IsOk());
  check.EXPECT_THAT(
      check.Eventually([&target] { return ReadWholeFile(target + "/stdout").size() == 100; }),
      Eq(true), {.text = "output in the logger", .code = why::kOutputLost});
}

// A shim that drives the engine it is told to fails when there is none.
void DrivesAnEngine(CheckContext& check) {
  const Task task =
      check.TryCreate(Program("exit_code", "0"), {.runc_options = RuncOptions(kNoEngine)});
  check.EXPECT_THAT(task.create_status(), IsError(),
                    {.text = absl::StrCat("Create with the engine ", kNoEngine)});
}

void HasNamespaces(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::string inside = check.World().NamespaceLink(task.pid(), "mnt");
  check.ASSERT_THAT(inside, Not(IsEmpty()), {.text = "its mount namespace can be read"});
  check.EXPECT_THAT(inside, Ne(check.World().NamespaceLink(1, "mnt")),
                    {.text = "a mount namespace of its own", .code = why::kProcessState});
}

void ReportsOom(CheckContext& check) {
  CreateOptions options;
  options.bundle.memory_limit_bytes = kSmallMemory;
  const Task task = check.Run(Program("allocate", "256"), options);
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  const auto is_oom = [](const Event& event) { return absl::EndsWith(event.topic, "/oom"); };
  const std::vector<Event> events =
      check.AwaitEvents([&is_oom](const std::vector<Event>& received) {
        return std::any_of(received.begin(), received.end(), is_oom);
      });
  check.EXPECT_THAT(std::any_of(events.begin(), events.end(), is_oom), Eq(true),
                    {.text = "an event /tasks/oom", .code = why::kEventMissing});
}

void MountsItsRootfs(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.EXPECT_THAT(check.World().MountsBelow(task.bundle().path), SizeIs(Ge(1u)),
                    {.text = "Create.rootfs is mounted", .code = why::kProcessState});
}

void AnswersInfo(CheckContext& check) {
  const CommandResult result = check.RunShim({"-info"});
  check.ASSERT_THAT(result.ExitedWith(0), Eq(true),
                    {.text = absl::StrCat("-info ends with ", ::testing::PrintToString(result)),
                     .code = why::kStartOutput});
  JudgeRuntimeInfo(check, result.standard_output);
}

void Checkpoints(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.EXPECT_THAT(task.Checkpoint(check.ScratchDirectory() + "/image"), IsOk());
}

void RunsHooks(CheckContext& check) {
  const std::string mark = check.ScratchDirectory() + "/hooked";
  const std::string program = check.ProgramOnHost("touch");
  CreateOptions options;
  options.bundle.edit = [&](const std::string& config_json) {
    nlohmann::json config = nlohmann::json::parse(config_json);
    config["hooks"]["createRuntime"] = {{{"path", program}, {"args", {"touch", mark}}}};
    return config.dump();
  };
  check.Create(Program("pause"), options);
  struct stat status {};
  check.EXPECT_THAT(::stat(mark.c_str(), &status), Eq(0),
                    {.text = "what a createRuntime hook made", .code = why::kFileContent});
}

void RunsModules(CheckContext& check) {
  const Task task = check.Run(Program("exit_code.wasm", "7"));
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(7)),
                    {.text = "a WebAssembly module that ends with 7"});
}

void ServesSandboxes(CheckContext& check) {
  SandboxUnderTest sandbox(check);
  check.ASSERT_THAT(sandbox.Create(), IsOk());
  check.ASSERT_THAT(sandbox.Start().status(), IsOk());
  check.EXPECT_THAT(check.Require(sandbox.Status()).state(), Eq("SANDBOX_READY"));
}

}  // namespace

std::vector<Check> SurveyChecks() {
  struct Row {
    Need need;
    void (*run)(CheckContext&);
  };
  const std::vector<Row> rows = {
      {Need::kExec, RunsExecs},           {Need::kPause, Pauses},
      {Need::kTerminal, HasTerminals},    {Need::kUpdate, Updates},
      {Need::kStats, HasStats},           {Need::kGrouping, Groups},
      {Need::kFileUri, WritesToFiles},    {Need::kBinaryUri, WritesToLoggers},
      {Need::kOciEngine, DrivesAnEngine}, {Need::kNamespaces, HasNamespaces},
      {Need::kOomEvents, ReportsOom},     {Need::kRootfsMounts, MountsItsRootfs},
      {Need::kInfo, AnswersInfo},         {Need::kCheckpoint, Checkpoints},
      {Need::kHooks, RunsHooks},          {Need::kWasm, RunsModules},
      {Need::kSandbox, ServesSandboxes},
  };
  std::vector<Check> checks = {{.id = "survey/world", .run = World},
                               {.id = "survey/runs", .run = Runs}};
  for (const Row& row : rows) {
    checks.push_back({.id = absl::StrCat("survey/", NeedName(row.need)),
                      .needs = ToNeeds(row.need),
                      .run = row.run});
  }
  return checks;
}

}  // namespace conformance
