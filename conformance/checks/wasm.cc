// SPDX-License-Identifier: Apache-2.0
// A module as a program: its end, arguments, environment, entry points.
#include "conformance/checks/wasm.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "conformance/checks/areas.h"
#include "conformance/checks/wasm_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAreArray;

// --- the end -------------------------------------------------------------------------------------

// Engines have their own ideas of what a code may be: those above 125 are the shells'.
void ReportsExitCodes(CheckContext& check) {
  for (const int code : {0, 1, 42, 125, 126, 128, 134, 137, 254, 255}) {
    const Task task = check.Run(Program("exit_code.wasm", absl::StrCat(code)));
    check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(static_cast<std::uint32_t>(code))),
                      {.text = absl::StrCat("a module that calls proc_exit(", code, ")")});
    check.EXPECT_THAT(task.Delete(), IsOk());
  }
}

void ReturnIsZero(CheckContext& check) { RunModule(check, Program("return_zero.wasm"), 0); }

// --- arguments and environment -------------------------------------------------------------------

void ArgumentsArriveUnaltered(CheckContext& check) {
  const ProcessSpec process = Program("print_args.wasm", "one", "two words", "", "--four=\"4\"",
                                      "$HOME", "5#6", "\xc3\xa9");
  const Task task = RunModule(check, process);
  std::vector<std::string> printed = OutputLines(task);
  check.ASSERT_THAT(printed, Not(IsEmpty()), {.text = "argv", .code = why::kOutputLost});
  printed.erase(printed.begin());
  check.EXPECT_THAT(printed, ElementsAreArray(process.arguments),
                    {.text = "the arguments behind the first", .code = why::kProcessState});
}

void FirstArgumentIsTheSpecs(CheckContext& check) {
  const Task task = RunModule(check, Program("print_args.wasm", "one"));
  check.EXPECT_THAT(
      OutputLines(task), ElementsAre("/print_args.wasm", "one"),
      {.text = "argv, the first argument as the spec has it", .code = why::kProcessState});
}

std::vector<std::string> EnvironmentOf(CheckContext& check, const std::vector<std::string>& env) {
  const CreateOptions options =
      WithSpec([&env](nlohmann::json& spec) { spec["process"]["env"] = env; });
  std::vector<std::string> printed =
      OutputLines(RunModule(check, Program("print_env.wasm"), 0, options));
  // Engines of the runc kind add what a user's shell would have.
  const auto added = std::remove_if(printed.begin(), printed.end(), [](const std::string& entry) {
    return absl::StartsWith(entry, "HOME=");
  });
  if (added != printed.end()) check.Note("HOME is added");
  printed.erase(added, printed.end());
  return printed;
}

void EnvironmentIsTheSpecs(CheckContext& check) {
  const std::vector<std::string> env = {"PATH=/nowhere", "EQUALS=a=b==c", "EMPTY=", "SPACES= a b ",
                                        "UTF8=\xc3\xa9"};
  check.EXPECT_THAT(EnvironmentOf(check, env), UnorderedElementsAreArray(env),
                    {.text = "the environment of the guest", .code = why::kProcessState});
}

void EnvironmentKeepsItsOrder(CheckContext& check) {
  const std::vector<std::string> env = {"Z=1", "B=2", "Z=3", "A=4", "Y=5", "C=6", "A=4"};
  check.EXPECT_THAT(EnvironmentOf(check, env), ElementsAreArray(env),
                    {.text = "order and repeated names", .code = why::kProcessState});
}

// A spec may hold what is no variable. Whether the guest sees it is left open, and so is a refusal;
// a value that nobody gave is wrong.
void NoValueIsInvented(CheckContext& check) {
  const CreateOptions options = WithSpec([](nlohmann::json& spec) {
    spec["process"]["env"] = {"BEFORE=1", "NO_VALUE", "AFTER=2"};
  });
  const Task task = check.TryCreate(Program("print_env.wasm"), options);
  if (!task.create_status().ok()) {
    check.EXPECT_THAT(std::string(task.create_status().message()), Not(IsEmpty()));
    return ExpectRunsModules(check);
  }
  check.Require(task.Start());
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(task.stdio().AwaitEof(), Eq(true), {.code = why::kOutputNoEof});
  const std::vector<std::string> printed = OutputLines(task);
  check.EXPECT_THAT(
      printed,
      AnyOf(ElementsAre("BEFORE=1", "AFTER=2"), ElementsAre("BEFORE=1", "NO_VALUE", "AFTER=2")),
      {.text = "an entry without '='", .code = why::kProcessState});
}

// --- entry points --------------------------------------------------------------------------------

void RunsTheNamedFunction(CheckContext& check) {
  const Task task = RunModule(check, Program("functions.wasm#other"), 5);
  check.EXPECT_THAT(task.stdio().output(), Eq("other\n"), {.code = why::kOutputLost});
  RunModule(check, Program("functions.wasm#again"), 0);
  RunModule(check, Program("functions.wasm"), 3);
  RunModule(check, Program("functions.wasm#_start"), 3);
}

// All of these end well for who takes _start instead, or nothing at all.
void EntryPointsThatAreNone(CheckContext& check) {
  ExpectModuleFails(check, Program("return_zero.wasm#absent"), "a function that is not there");
  ExpectModuleFails(check, Program("return_zero.wasm#memory"), "an export that is no function");
  ExpectModuleFails(check, Program("functions.wasm#wants"), "a function that takes a parameter");
  ExpectModuleFails(check, Program("no_start.wasm"), "a module without _start");
  ExpectRunsModules(check);
}

void FindsTheModule(CheckContext& check) {
  for (const char* path : {"/exit_code.wasm", "exit_code.wasm", "./exit_code.wasm"}) {
    const CreateOptions options =
        WithSpec([path](nlohmann::json& spec) { spec["process"]["args"][0] = path; });
    const Task task = check.TryCreate(Program("exit_code.wasm", "7"), options);
    check.EXPECT_THAT(task.create_status(), IsOk(), {.text = absl::StrCat("Create of ", path)});
    if (!task.create_status().ok()) continue;
    check.EXPECT_THAT(task.Start(), IsOk(), {.text = absl::StrCat("Start of ", path)});
    check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(7)), {.text = path});
  }
}

}  // namespace

void AddWasmChecks(std::vector<Check>& checks) {
  const Needs wasm = ToNeeds(Need::kWasm);
  const std::vector<Check> rows = {
      {.id = "wasm/proc-exit-codes-are-the-exit-status",
       .requirements = {"WASM-01", "EXIT-01"},
       .needs = wasm,
       .run = ReportsExitCodes},
      {.id = "wasm/a-return-from-start-is-success",
       .requirements = {"WASM-01"},
       .needs = wasm,
       .run = ReturnIsZero},
      {.id = "wasm/arguments-arrive-unaltered",
       .requirements = {"WASM-02"},
       .needs = wasm,
       .run = ArgumentsArriveUnaltered},
      {.id = "wasm/the-first-argument-is-the-specs",
       .requirements = {"WASM-02"},
       .level = Level::kShould,
       .needs = wasm,
       .run = FirstArgumentIsTheSpecs},
      {.id = "wasm/the-environment-is-the-specs",
       .requirements = {"WASM-03"},
       .needs = wasm,
       .run = EnvironmentIsTheSpecs},
      {.id = "wasm/the-environment-keeps-order-and-repeated-names",
       .requirements = {"WASM-04"},
       .level = Level::kShould,
       .needs = wasm,
       .run = EnvironmentKeepsItsOrder},
      {.id = "wasm/no-value-is-invented-for-an-entry-without-one",
       .requirements = {"WASM-04"},
       .level = Level::kShould,
       .needs = wasm,
       .run = NoValueIsInvented},
      {.id = "wasm/a-named-function-is-the-entry-point",
       .requirements = {"WASM-15"},
       .level = Level::kShould,
       .needs = wasm,
       .run = RunsTheNamedFunction},
      {.id = "wasm/what-is-no-entry-point-is-an-error",
       .requirements = {"WASM-15", "WASM-16"},
       .level = Level::kShould,
       .needs = wasm,
       .run = EntryPointsThatAreNone},
      {.id = "wasm/a-module-is-found-as-users-write-its-path",
       .requirements = {"WASM-28"},
       .level = Level::kShould,
       .needs = wasm,
       .run = FindsTheModule},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
  AddWasmEndChecks(checks);
  AddWasmModuleChecks(checks);
  AddWasmSandboxChecks(checks);
  AddWasmProcessChecks(checks);
  AddWasmShimChecks(checks);
}

}  // namespace conformance
