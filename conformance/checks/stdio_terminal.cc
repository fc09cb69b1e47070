// SPDX-License-Identifier: Apache-2.0
// Contract §6.3: terminals of execs, clients that leave a terminal, sizes, and what a terminal
// cannot do without.
#include <absl/strings/str_cat.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "conformance/checks/stdio_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ExecOptions ExecWithStdin() {
  ExecOptions options;
  options.stdio.standard_input = true;
  return options;
}

void ExpectOutput(CheckContext& check, ClientStdio& stdio, const std::string& text,
                  const std::string& what) {
  check.EXPECT_THAT(stdio.AwaitOutput(text), Eq(true),
                    {.text = absl::StrCat(what, "; the terminal showed: ", stdio.output()),
                     .code = why::kOutputLost});
}

void TerminalOfAnExec(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(OnTerminal(Program("tty_report")), ExecWithStdin()));
  check.ASSERT_THAT(exec.Start(), IsOk());
  ExpectOutput(check, exec.stdio(), "tty 0 yes\r\ntty 1 yes\r\ntty 2 yes", "all three are a tty");
  check.ASSERT_THAT(exec.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  check.ASSERT_THAT(exec.ResizePty(90, 30), IsOk(), {.requirement = "PTY-01"});
  ExpectOutput(check, exec.stdio(), "size 30x90", "the size of the exec's terminal");
  check.ASSERT_THAT(exec.stdio().WriteInput("hello\n"), IsOk(), {.code = why::kInputLost});
  ExpectOutput(check, exec.stdio(), "line hello", "what was typed");
  check.ASSERT_THAT(exec.stdio().WriteInput("quit\n"), IsOk(), {.code = why::kInputLost});
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(
      exec.stdio().AwaitEof(), Eq(true),
      {.text = "EOF after the exit", .code = why::kOutputNoEof, .requirement = "IO-41"});
  check.EXPECT_THAT(task.stdio().output(), IsEmpty(), {.code = why::kOutputLost});
}

void TerminalsAreSeparate(CheckContext& check) {
  const Task task = check.Run(OnTerminal(Program("tty_report")), WithStdin());
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  const Exec exec = check.Require(task.AddExec(OnTerminal(Program("tty_report")), ExecWithStdin()));
  check.ASSERT_THAT(exec.Start(), IsOk());
  check.ASSERT_THAT(exec.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  check.ASSERT_THAT(exec.ResizePty(61, 21), IsOk());
  ExpectOutput(check, exec.stdio(), "size 21x61", "the resized terminal");
  check.ASSERT_THAT(task.stdio().WriteInput("to the init\n"), IsOk(), {.code = why::kInputLost});
  ExpectOutput(check, task.stdio(), "line to the init", "the init's own input");
  check.EXPECT_THAT(task.stdio().output(), ::testing::Not(HasSubstr("21x61")),
                    {.text = "the other terminal", .code = why::kReplyField});
  check.EXPECT_THAT(exec.stdio().output(), ::testing::Not(HasSubstr("to the init")),
                    {.text = "the other terminal", .code = why::kOutputLost});
}

void MayBeLeftAndReattached(CheckContext& check) {
  const Task task = check.Run(OnTerminal(Program("tty_report")), WithStdin());
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  task.stdio().CloseInput();
  task.stdio().CloseReaders();
  check.ASSERT_THAT(task.ResizePty(77, 33), IsOk(), {.text = "output while nobody reads"});
  check.Linger(std::chrono::milliseconds(100));
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  check.ASSERT_THAT(task.stdio().ReopenReaders(), IsOk(), {.code = why::kHarness});
  check.ASSERT_THAT(task.stdio().ReopenInput(), IsOk(), {.code = why::kInputLost});
  ExpectOutput(check, task.stdio(), "size 33x77", "what was printed while nobody read");
  check.ASSERT_THAT(task.stdio().WriteInput("quit\n"), IsOk(), {.code = why::kInputLost});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)),
                    {.text = "input of the client that came back"});
}

void SlowReaderOfATerminal(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(OnTerminal(Program("emit_lines", "20000"))));
  exec.stdio().PauseReading();
  check.ASSERT_THAT(exec.Start(), IsOk());
  ExpectUndisturbed(check, task, "a terminal that nobody reads");
  check.ASSERT_THAT(exec.stdio().ReopenReaders(), IsOk(), {.code = why::kHarness});
  check.EXPECT_THAT(exec.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
  std::string expected;
  for (int i = 1; i <= 20000; ++i) absl::StrAppend(&expected, "line ", i, "\r\n");
  check.EXPECT_THAT(exec.stdio().output() == expected, Eq(true),
                    {.text = absl::StrCat("20000 lines in order; ", exec.stdio().output().size(),
                                          " of ", expected.size(), " bytes came"),
                     .code = why::kOutputLost});
}

void NeedsAnOutput(CheckContext& check) {
  CreateOptions options;
  options.stdio.outputs = false;
  const Task task = check.TryCreate(OnTerminal(Program("tty_report")), options);
  check.EXPECT_THAT(task.create_status(), IsError(), {.text = "a terminal without a stdout"});
  check.EXPECT_THAT(check.World().MountsBelow(task.bundle().path), IsEmpty(),
                    {.code = why::kLeftMount, .requirement = "CREATE-11"});
  const Task healthy = check.Run(Program("exit_code", "0"));
  check.EXPECT_THAT(healthy.Wait(), IsOkAndHolds(ExitedWith(0)));
}

void CloseIoKeepsTheTerminal(CheckContext& check) {
  const Task task = check.Run(OnTerminal(Program("tty_report")), WithStdin());
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  check.EXPECT_THAT(task.CloseIo(), IsOk(), {.text = "CloseIO on a terminal"});
  check.ASSERT_THAT(task.ResizePty(55, 44), IsOk());
  ExpectOutput(check, task.stdio(), "size 44x55", "output after CloseIO, the client still there");
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

void KilledOnATerminal(CheckContext& check) {
  const Task task = check.Run(OnTerminal(Program("tty_report")), WithStdin());
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(
      task.stdio().AwaitEof(), Eq(true),
      {.text = "EOF of a terminal whose process was killed", .code = why::kOutputNoEof});
  (void)task.ResizePty(80, 24);  // of a process that is gone: it need only be answered
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(137)));
}

}  // namespace

void AddStdioTerminalChecks(std::vector<Check>& checks) {
  const Needs terminal = ToNeeds(Need::kTerminal);
  const Needs both = Need::kTerminal | Need::kExec;
  const std::vector<Check> rows = {
      {.id = "stdio/terminal-of-an-exec",
       .requirements = {"IO-40", "IO-41", "PTY-01"},
       .needs = both,
       .run = TerminalOfAnExec},
      {.id = "stdio/terminals-are-separate",
       .requirements = {"IO-07", "PTY-01"},
       .needs = both,
       .run = TerminalsAreSeparate},
      {.id = "stdio/a-terminal-may-be-left-and-reattached",
       .requirements = {"IO-44", "IO-05"},
       .needs = terminal,
       .run = MayBeLeftAndReattached},
      {.id = "stdio/a-slow-reader-of-a-terminal-loses-nothing",
       .requirements = {"IO-42", "IO-06"},
       .needs = both,
       .run = SlowReaderOfATerminal},
      {.id = "stdio/a-terminal-needs-an-output",
       .requirements = {"IO-43"},
       .level = Level::kShould,
       .needs = terminal,
       .run = NeedsAnOutput},
      {.id = "stdio/closing-stdin-keeps-the-terminal",
       .requirements = {"IO-45"},
       .level = Level::kMay,
       .needs = terminal,
       .run = CloseIoKeepsTheTerminal},
      {.id = "stdio/a-killed-process-ends-its-terminal",
       .requirements = {"IO-41", "EXIT-02"},
       .needs = terminal,
       .run = KilledOnATerminal},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
