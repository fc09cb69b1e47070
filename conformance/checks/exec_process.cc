// SPDX-License-Identifier: Apache-2.0
// What the process of an exec gets to see: arguments, environment, directory, user, terminal.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "conformance/checks/exec.h"
#include "conformance/checks/lifecycle_observation.h"

namespace conformance {
namespace {

using ::testing::Contains;
using ::testing::ElementsAreArray;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;

// Runs `process` to its end in a new container and returns its stdout, which is complete.
std::string OutputOf(CheckContext& check, const ProcessSpec& process,
                     const ExecOptions& options = {}) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(process, options));
  check.Require(exec.Start());
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(exec.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  return exec.stdio().output();
}

std::vector<std::string> Lines(const std::string& text) {
  return absl::StrSplit(text, absl::ByAnyChar("\r\n"), absl::SkipEmpty());
}

// What print_args says, without its own name.
std::vector<std::string> PrintedArguments(const std::string& output) {
  std::vector<std::string> lines = absl::StrSplit(output, '\n');
  if (!lines.empty()) lines.pop_back();  // nothing follows the last newline
  if (!lines.empty()) lines.erase(lines.begin());
  return lines;
}

void ArgumentsAreHonoured(CheckContext& check) {
  const ProcessSpec process =
      Program("print_args", "one", "two words", "", "--four=\"4\"", "$HOME");
  check.EXPECT_THAT(PrintedArguments(OutputOf(check, process)),
                    ElementsAreArray(process.arguments));
}

void EnvironmentIsHonoured(CheckContext& check) {
  ProcessSpec process = Program("print_env");
  process.env = {"SHIMGAUGE_WORD=as it is", "SHIMGAUGE_EMPTY="};
  const std::vector<std::string> env = Lines(OutputOf(check, process));
  check.EXPECT_THAT(env, Contains("SHIMGAUGE_WORD=as it is"));
  check.EXPECT_THAT(env, Contains("SHIMGAUGE_EMPTY="));
  check.EXPECT_THAT(env, Not(Contains(HasSubstr("TTRPC_ADDRESS="))),
                    {.text = "the shim's own environment is not the container's"});
}

void UserAndDirectoryAreHonoured(CheckContext& check) {
  ProcessSpec process = Program("print_identity");
  process.uid = 1234;
  process.gid = 2345;
  process.cwd = "/proc";
  const std::vector<std::string> identity = Lines(OutputOf(check, process));
  check.EXPECT_THAT(identity, Contains("uid 1234 1234 1234"));
  check.EXPECT_THAT(identity, Contains("gid 2345 2345 2345"));
  check.EXPECT_THAT(identity, Contains("cwd /proc"));
}

void LargeArgumentVectorPasses(CheckContext& check) {
  // 20 arguments of 50,000 bytes: far more than a command line of the engine could carry in one
  // argument (128 KiB), less than execve allows in all (a quarter of the stack limit: 2 MiB).
  ProcessSpec process = Program("print_args");
  for (char letter = 'a'; letter < 'a' + 20; ++letter) {
    process.arguments.emplace_back(50000, letter);
  }
  // A mere yes or no: a megabyte is no reading for a report.
  const std::vector<std::string> printed = PrintedArguments(OutputOf(check, process));
  check.EXPECT_THAT(printed == process.arguments, Eq(true),
                    {.text = "20 arguments of 50,000 bytes arrive whole"});
}

void EmptyStdioIsFine(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("cat"), {.stdio = {.outputs = false}}));
  check.Require(exec.Start());
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)),
                    {.text = "no stdin means end of file at once"});
  check.EXPECT_THAT(exec.Delete(), IsOkAndHolds(ExitedWith(0)));
  ExpectAnswers(check, task.shim());
}

// The process object of the container's config.json, running `program` with `terminal` as said.
std::string ProcessJson(const Bundle& bundle, const std::string& program, bool terminal) {
  std::ifstream in(bundle.path + "/config.json");
  const nlohmann::json config = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  nlohmann::json process = config["process"];
  const std::string init = process["args"][0];
  process["args"] = {init.substr(0, init.rfind('/') + 1) + program};
  process["terminal"] = terminal;
  return process.dump();
}

void GroupsAndLimitsAreHonoured(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  nlohmann::json process =
      nlohmann::json::parse(ProcessJson(task.bundle(), "print_identity", false), nullptr, false);
  process["user"] = {{"uid", 1234}, {"gid", 2345}, {"additionalGids", {10, 20}}};
  process["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 321}, {"hard", 654}}};
  process["noNewPrivileges"] = true;
  process["capabilities"] = {
      {"bounding", {"CAP_KILL"}}, {"permitted", {"CAP_KILL"}}, {"effective", {"CAP_KILL"}}};
  const Exec exec =
      check.Require(task.AddExec(Program("print_identity"), {.process_json = process.dump()}));
  check.Require(exec.Start());
  check.ASSERT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(exec.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  const std::vector<std::string> identity = Lines(exec.stdio().output());
  check.EXPECT_THAT(identity, Contains("groups 10 20"));
  check.EXPECT_THAT(identity, Contains("nofile 321 654"));
  check.EXPECT_THAT(identity, Contains("no_new_privs 1"));
  check.EXPECT_THAT(identity, Contains("cap_bounding 0000000000000020"));
}

void TerminalOfTheRequestWins(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  for (const bool terminal : {false, true}) {
    ProcessSpec process = Program("tty_report");
    process.terminal = terminal;
    const Exec exec = check.Require(task.AddExec(
        process, {.stdio = {.standard_input = true},
                  .process_json = ProcessJson(task.bundle(), "tty_report", !terminal)}));
    check.ASSERT_THAT(exec.Start(), IsOk(),
                      {.text = absl::StrCat("the request says terminal=", terminal,
                                            ", the spec says the contrary")});
    check.EXPECT_THAT(exec.stdio().AwaitOutput("ready"), Eq(true),
                      {.text = "the output has \"ready\"", .code = why::kOutputLost});
    check.EXPECT_THAT(exec.stdio().output(), HasSubstr(terminal ? "tty 0 yes" : "tty 0 no"),
                      {.text = "the word of the request counts"});
    check.Require(exec.stdio().WriteInput("quit\n"));
    check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
    check.EXPECT_THAT(exec.State(),
                      IsOkAndHolds(::testing::Field(&StateInfo::terminal, Eq(terminal))),
                      {.requirement = "STATE-02"});
  }
}

}  // namespace

void AddExecProcessChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  checks.push_back({.id = "exec/arguments-arrive-as-they-are",
                    .requirements = {"EXEC-05"},
                    .needs = exec,
                    .run = ArgumentsAreHonoured});
  checks.push_back({.id = "exec/the-environment-is-the-one-asked-for",
                    .requirements = {"EXEC-05"},
                    .needs = exec,
                    .run = EnvironmentIsHonoured});
  checks.push_back({.id = "exec/user-and-directory-are-honoured",
                    .requirements = {"EXEC-05"},
                    .needs = exec | Need::kNamespaces,
                    .host = ToHostNeeds(HostNeed::kManyIds),
                    .run = UserAndDirectoryAreHonoured});
  checks.push_back({.id = "exec/groups-limits-and-capabilities-are-honoured",
                    .requirements = {"EXEC-05"},
                    .needs = Need::kExec | Need::kNamespaces,
                    .host = ToHostNeeds(HostNeed::kManyIds),
                    .run = GroupsAndLimitsAreHonoured});
  checks.push_back({.id = "exec/a-megabyte-of-arguments-passes",
                    .requirements = {"EXEC-10"},
                    .needs = exec,
                    .run = LargeArgumentVectorPasses});
  checks.push_back({.id = "exec/no-stdio-at-all-is-fine",
                    .requirements = {"IO-01", "EXEC-01"},
                    .needs = exec,
                    .run = EmptyStdioIsFine});
  checks.push_back({.id = "exec/the-terminal-flag-of-the-request-wins",
                    .requirements = {"EXEC-04", "STATE-02"},
                    .needs = exec | Need::kTerminal,
                    .run = TerminalOfTheRequestWins});
}

}  // namespace conformance
