// SPDX-License-Identifier: Apache-2.0
// What a shim owes its guests beyond running them: neighbours, streams, recovery, hooks.
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "conformance/checks/bootstrap_support.h"
#include "conformance/checks/delete_recovery.h"
#include "conformance/checks/hook_plan.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/checks/stdio_support.h"
#include "conformance/checks/wasm.h"
#include "conformance/checks/wasm_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Not;

// --- neighbours ----------------------------------------------------------------------------------

// Each writes more than a pipe holds, so that all are under way at once.
void ExpectSideBySide(CheckContext& check, ShimUnderTest* shim) {
  constexpr std::size_t kBytes = 200000;
  std::vector<Task> tasks;
  for (int i = 0; i < 3; ++i) {
    CreateOptions options;
    options.shim = shim;
    tasks.push_back(check.Create(Program("emit.wasm", absl::StrCat(kBytes)), options));
    tasks.back().stdio().PauseReading();
  }
  for (const Task& task : tasks) check.Require(task.Start());
  for (const Task& task : tasks) {
    check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                      {.text = "a guest beside others"});
  }
  for (const Task& task : tasks) {
    check.ASSERT_THAT(task.stdio().ReopenReaders(), IsOk(), {.code = why::kHarness});
    check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true), {.code = why::kOutputNoEof});
    ExpectPattern(check, task.stdio().output(), kBytes, "stdout of a guest beside others");
    check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  }
}

void GuestsRunSideBySide(CheckContext& check) {
  const Task neighbour = check.Run(Program("pause.wasm"));
  ExpectSideBySide(check, &neighbour.shim());
  check.EXPECT_THAT(neighbour.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

void ATrapTouchesNoNeighbour(CheckContext& check) {
  const Task neighbour = check.Run(Program("pause.wasm"));
  CreateOptions options;
  options.shim = &neighbour.shim();
  for (const char* module : {"trap_unreachable.wasm", "trap_stack.wasm"}) {
    const Task trap = check.Run(Program(module), options);
    check.Require(trap.Wait());
    RunModule(check, Program("exit_code.wasm", "7"), 7, options);
  }
  check.EXPECT_THAT(neighbour.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the neighbour of a guest that trapped"});
  check.EXPECT_THAT(neighbour.ProcessGone(), Eq(false), {.code = why::kProcessState});
}

void KillAllSparesNeighbours(CheckContext& check) {
  const Task neighbour = check.Run(Program("pause.wasm"));
  CreateOptions options;
  options.shim = &neighbour.shim();
  const Task task = check.Run(Program("pause.wasm"), options);
  check.ASSERT_THAT(task.Kill(SIGKILL, /*all=*/true), IsOk());
  ExpectEndsSoon(check, task, 137, "after SIGKILL to all of its container");
  check.Linger(std::chrono::milliseconds(50));  // whatever else was hit has ended by now
  check.EXPECT_THAT(neighbour.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "a guest of another container"});
  check.EXPECT_THAT(neighbour.ProcessGone(), Eq(false), {.code = why::kProcessState});
}

void KillOfOneSparesTheOthers(CheckContext& check) {
  const Task task = check.Run(Program("pause.wasm"));
  const Exec one = check.Require(task.AddExec(Program("pause.wasm", "--ready")));
  const Exec two = check.Require(task.AddExec(Program("pause.wasm", "--ready")));
  for (const Exec* exec : {&one, &two}) {
    check.Require(exec->Start());
    check.ASSERT_THAT(exec->stdio().AwaitOutput("ready"), Eq(true), {.code = why::kOutputLost});
  }
  check.ASSERT_THAT(one.Kill(SIGTERM), IsOk());
  check.EXPECT_THAT(one.Wait(), IsOkAndHolds(ExitedWith(143)), {.text = "the exec that was named"});
  check.EXPECT_THAT(two.ProcessGone(), Eq(false), {.code = why::kProcessState});
  check.EXPECT_THAT(task.ProcessGone(), Eq(false), {.code = why::kProcessState});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  check.ASSERT_THAT(task.Kill(SIGKILL, /*all=*/true), IsOk());
  check.EXPECT_THAT(two.Wait(), IsOkAndHolds(ExitedWith(137)),
                    {.text = "an exec, killed with all"});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
}

void NativeProgramBesideAModule(CheckContext& check) {
  const Task neighbour = check.Run(Program("pause.wasm"));
  CreateOptions options;
  options.shim = &neighbour.shim();
  const Task native = check.TryCreate(Program("/bin/exit_code", "7"), options);
  absl::Status status = native.create_status();
  if (status.ok()) status = native.Start().status();
  if (status.ok()) {
    check.EXPECT_THAT(native.Wait(), IsOkAndHolds(ExitedWith(7)), {.text = "the native program"});
    check.Note("native programs run beside modules");
  } else {
    check.EXPECT_THAT(std::string(status.message()), Not(IsEmpty()),
                      {.text = "the refusal of a native program"});
    check.Note("native programs are refused");
  }
  check.EXPECT_THAT(neighbour.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the module beside it"});
}

// --- streams -------------------------------------------------------------------------------------

void StandardInputEnds(CheckContext& check) {
  const Task task = check.Run(Program("count_stdin.wasm"), WithStdin());
  check.ASSERT_THAT(task.stdio().WriteInput("hello"), IsOk(), {.code = why::kInputLost});
  // A shim without this call must do without: the client's own end is the last one.
  check.EXPECT_THAT(task.CloseIo(),
                    HasCodeIn({absl::StatusCode::kOk, absl::StatusCode::kUnimplemented}),
                    {.text = "CloseIO", .requirement = "CLOSE-01"});
  task.stdio().CloseInput();
  ExpectEndsSoon(check, task, 0, "after the end of its input");
  check.ASSERT_THAT(task.stdio().AwaitEof(), Eq(true), {.code = why::kOutputNoEof});
  check.EXPECT_THAT(task.stdio().output(), Eq("5\n"), {.code = why::kInputLost});
}

void StreamsAreServedOrRefused(CheckContext& check) {
  const std::string directory = check.ScratchDirectory();
  const std::string file = absl::StrCat(directory, "/output");
  CreateOptions options;
  options.stdio.stdout_uri = "file://" + file;
  options.stdio.stderr_uri = options.stdio.stdout_uri;
  const Task task = check.TryCreate(Program("emit_lines.wasm", "3"), options);
  if (!task.create_status().ok()) {
    check.EXPECT_THAT(std::string(task.create_status().message()), Not(IsEmpty()));
    check.Note("output to a file is refused");
    return ExpectRunsModules(check);
  }
  check.Require(task.Start());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(
      check.Eventually([&] { return ReadWholeFile(file) == "line 1\nline 2\nline 3\n"; },
                       std::chrono::seconds(3)),
      Eq(true),
      {.text = "output that Create promised to write to a file", .code = why::kOutputLost});
}

// --- introspection -------------------------------------------------------------------------------

void InfoNamesTheEngine(CheckContext& check) {
  const CommandResult result = check.RunShim({"-info"});
  check.ASSERT_THAT(result.ExitedWith(0), Eq(true),
                    {.text = "-info ends well", .code = why::kStartOutput});
  const std::string info = absl::AsciiStrToLower(result.standard_output);
  std::string engine;
  for (const char* name : {"wasmtime", "wasmedge", "wasmer", "wamr", "wasmi", "wasm3", "v8"}) {
    if (absl::StrContains(info, name)) engine = name;
  }
  check.EXPECT_THAT(engine, Not(IsEmpty()),
                    {.text = "-info names the engine of the modules", .code = why::kStartOutput});
  if (!engine.empty()) check.Note("the engine is " + engine);
}

// --- recovery, hooks -----------------------------------------------------------------------------

void DeleteReclaims(CheckContext& check) {
  const Task task = check.Run(Program("pause.wasm", "--ready"));
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true), {.code = why::kOutputLost});
  const bool has_cgroups = !check.World().Cgroups().empty();
  KillShim(check, task.shim());
  ExpectDelete(check, task.bundle(), "of a guest whose shim died");
  ExpectNothingLeft(check, task);
  if (!has_cgroups || !task.ProcessGone()) return;
  check.EXPECT_THAT(check.Eventually([&] { return check.World().Cgroups().empty(); }), Eq(true),
                    {.text = "no cgroup of the container is left", .code = why::kLeftCgroup});
}

void PoststopAloneIsLegal(CheckContext& check) {
  const Hook hook = ProgramHook(check, HookPoint::kPoststop, "exit_code", {"0"});
  const Task neighbour = check.Run(Program("pause.wasm"));
  CreateOptions options;
  options.bundle.edit = WithHooks({hook});
  const Task task = check.Run(Program("exit_code.wasm", "7"), options);
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(7)),
                    {.text = "a module with a hook at poststop only"});
  check.EXPECT_THAT(task.Delete(), IsOk());
  ExpectAnswers(check, task.shim());
  check.EXPECT_THAT(neighbour.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

}  // namespace

void AddWasmShimChecks(std::vector<Check>& checks) {
  const Needs wasm = ToNeeds(Need::kWasm);
  const Needs shared = Need::kWasm | Need::kGrouping;
  const std::vector<Check> rows = {
      {.id = "wasm/guests-run-side-by-side",
       .requirements = {"WASM-22"},
       .needs = shared,
       .run = GuestsRunSideBySide},
      {.id = "wasm/a-trap-touches-no-neighbour",
       .requirements = {"WASM-22", "WASM-05"},
       .needs = shared,
       .run = ATrapTouchesNoNeighbour},
      {.id = "wasm/kill-all-spares-other-containers",
       .requirements = {"WASM-12"},
       .needs = shared,
       .run = KillAllSparesNeighbours},
      {.id = "wasm/kill-reaches-the-process-it-names",
       .requirements = {"WASM-12", "REAP-05"},
       .needs = Need::kWasm | Need::kExec,
       .run = KillOfOneSparesTheOthers},
      {.id = "wasm/a-native-program-beside-a-module-runs-or-is-refused",
       .requirements = {"WASM-31"},
       .level = Level::kShould,
       .needs = shared,
       .run = NativeProgramBesideAModule},
      {.id = "wasm/standard-input-ends",
       .requirements = {"WASM-10"},
       .needs = wasm,
       .run = StandardInputEnds},
      {.id = "wasm/output-is-written-where-it-shall-or-refused",
       .requirements = {"WASM-11"},
       .needs = wasm,
       .run = StreamsAreServedOrRefused},
      {.id = "wasm/info-names-the-engine",
       .requirements = {"WASM-35", "INFO-04"},
       .level = Level::kMay,
       .needs = Need::kWasm | Need::kInfo,
       .run = InfoNamesTheEngine},
      {.id = "wasm/delete-reclaims-a-guest-whose-shim-died",
       .requirements = {"WASM-13", "REC-03"},
       .needs = wasm,
       .run = DeleteReclaims},
      {.id = "wasm/a-poststop-hook-alone-is-legal",
       .requirements = {"WASM-30"},
       .needs = shared,
       .run = PoststopAloneIsLegal},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
