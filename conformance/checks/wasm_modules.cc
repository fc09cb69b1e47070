// SPDX-License-Identifier: Apache-2.0
// What a file of the rootfs may be besides a small command: malformed, large, text, a component,
// code for another machine.
#include <absl/strings/str_cat.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>

#include "conformance/checks/wasm.h"
#include "conformance/checks/wasm_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Each is malformed_WORD.wasm, '-' for '_'.
constexpr const char* kMalformed[] = {"empty",     "magic",        "header", "version",
                                      "truncated", "section-size", "count",  "number",
                                      "name",      "type",         "memory", "data"};

std::string ModuleOf(std::string word) {
  for (char& c : word) c = c == '-' ? '_' : c;
  return absl::StrCat("malformed_", word, ".wasm");
}

void MalformedIsAnError(CheckContext& check, const char* word) {
  ExpectModuleFails(check, Program(ModuleOf(word)),
                    absl::StrCat("a module with a malformed ", word));
  ExpectRunsModules(check);
}

void MalformedTouchesNoNeighbour(CheckContext& check) {
  const Task neighbour = check.Run(Program("pause.wasm"));
  CreateOptions options;
  options.shim = &neighbour.shim();
  for (const char* word : kMalformed) {
    ExpectModuleFails(check, Program(ModuleOf(word)),
                      absl::StrCat("a module with a malformed ", word), options);
  }
  check.EXPECT_THAT(neighbour.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the neighbour of malformed modules", .requirement = "WASM-22"});
  check.EXPECT_THAT(neighbour.ProcessGone(), Eq(false), {.code = why::kProcessState});
  RunModule(check, Program("exit_code.wasm", "7"), 7, options);
}

void NativeCodeIsRefused(CheckContext& check) {
  ExpectModuleFails(check, Program("native_code.wasm"), "native code under the name of a module");
  // What a compiler for this very shim gives, where the judge was built with it.
  const std::string artefact = check.ProgramOnHost("wasm/precompiled.wasm");
  std::error_code error;
  if (std::filesystem::exists(artefact, error)) {
    ExpectModuleFails(check, Program("precompiled.wasm"), "a module compiled ahead of time");
  } else {
    check.Note("no module compiled ahead of time is at hand");
  }
  ExpectRunsModules(check);
}

void MissingImportIsAnError(CheckContext& check) {
  const std::string told =
      ExpectModuleFails(check, Program("missing_import.wasm"), "a module that imports too much");
  check.EXPECT_THAT(told, HasSubstr("absent"),
                    {.text = "the error, or stderr, names the import that is missing"});
  ExpectRunsModules(check);
}

void NothingRunsBeforeStart(CheckContext& check) {
  const Task task = check.Create(Program("start_function.wasm"));
  check.Linger(std::chrono::milliseconds(50));  // for what must not happen
  check.EXPECT_THAT(
      task.stdio().output(), IsEmpty(),
      {.text = "output of a start function before Start", .code = why::kProcessState});
  check.Require(task.Start());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(task.stdio().AwaitEof(), Eq(true), {.code = why::kOutputNoEof});
  check.EXPECT_THAT(task.stdio().output(), Eq("start\nmain\n"),
                    {.text = "the start function, then _start", .code = why::kOutputLost});
}

void LargeModulesRun(CheckContext& check) {
  RunModule(check, Program("large_1mib.wasm"), 9);
  RunModule(check, Program("large_20mib.wasm"), 9);
}

// Runs and ends with `status` and `output`, or is refused; a shim that runs it is noted to.
void RunsOrIsRefused(CheckContext& check, const ProcessSpec& process, const std::string& what,
                     const std::string& output) {
  const Task task = check.TryCreate(process);
  absl::Status status = task.create_status();
  if (status.ok()) status = task.Start().status();
  if (!status.ok()) {
    check.EXPECT_THAT(std::string(status.message()), Not(IsEmpty()),
                      {.text = "the refusal of " + what});
    check.Note(what + " is refused");
    return ExpectRunsModules(check);
  }
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)), {.text = what});
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true), {.code = why::kOutputNoEof});
  check.EXPECT_THAT(task.stdio().output(), Eq(output), {.text = what, .code = why::kOutputLost});
  check.Note(what + " runs");
}

void ComponentRunsOrIsRefused(CheckContext& check) {
  RunsOrIsRefused(check, Program("component.wat"), "a component", "");
  ExpectModuleFails(check, Program("component_empty.wasm"), "a component that is no command");
}

void TextRunsOrIsRefused(CheckContext& check) {
  RunsOrIsRefused(check, Program("text.wat"), "a program in the text format", "running\n");
}

}  // namespace

void AddWasmModuleChecks(std::vector<Check>& checks) {
  const Needs wasm = ToNeeds(Need::kWasm);
  for (const char* word : kMalformed) {
    checks.push_back({.id = absl::StrCat("wasm/a-malformed-", word, "-is-an-error-of-its-task"),
                      .requirements = {"WASM-16"},
                      .tags = {"matrix"},
                      .needs = wasm,
                      .run = [word](CheckContext& check) { MalformedIsAnError(check, word); }});
  }
  const std::vector<Check> rows = {
      {.id = "wasm/malformed-modules-touch-no-neighbour",
       .requirements = {"WASM-16", "WASM-22"},
       .needs = wasm | Need::kGrouping,
       .run = MalformedTouchesNoNeighbour},
      {.id = "wasm/native-code-is-never-loaded",
       .requirements = {"WASM-14"},
       .needs = wasm,
       .run = NativeCodeIsRefused},
      {.id = "wasm/a-missing-import-is-an-error-that-names-it",
       .requirements = {"WASM-17"},
       .level = Level::kShould,
       .needs = wasm,
       .run = MissingImportIsAnError},
      {.id = "wasm/no-start-function-runs-before-start",
       .requirements = {"WASM-24"},
       .needs = wasm,
       .run = NothingRunsBeforeStart},
      {.id = "wasm/large-modules-run",
       .requirements = {"WASM-25"},
       .tags = {"slow"},
       .needs = wasm,
       .run = LargeModulesRun},
      {.id = "wasm/a-component-runs-or-is-refused",
       .requirements = {"WASM-26"},
       .level = Level::kShould,
       .needs = wasm,
       .run = ComponentRunsOrIsRefused},
      {.id = "wasm/text-runs-or-is-refused",
       .requirements = {"WASM-32"},
       .level = Level::kMay,
       .needs = wasm,
       .run = TextRunsOrIsRefused},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
