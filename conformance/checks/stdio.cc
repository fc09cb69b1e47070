// SPDX-License-Identifier: Apache-2.0
// Contract §6: FIFOs, file:// and binary:// outputs, terminals. The client's side is the worker's.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "base/fifo.h"
#include "conformance/checks/areas.h"
#include "conformance/checks/bootstrap_support.h"
#include "conformance/checks/stdio_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kBytes3M[] = "3000000";

// --- output --------------------------------------------------------------------------------------

void AllOutputThenEof(CheckContext& check) {
  const Task task = check.Run(Program("emit", kBytes3M));
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "stdout and stderr reach EOF without Delete",
                     .code = why::kOutputNoEof,
                     .requirement = "IO-03"});
  ExpectPattern(check, task.stdio().output(), 3000000, "stdout");
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
}

void StreamsAreSeparate(CheckContext& check) {
  const Task task = check.Run(Program("emit", "70000", "--stderr", "4097"));
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  ExpectPattern(check, task.stdio().output(), 70000, "stdout");
  ExpectPattern(check, task.stdio().error(), 4097, "stderr");
}

void FastExitLosesNothing(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  for (int round = 0; round < 10; ++round) {
    const Exec exec = check.Require(task.AddExec(Program("emit", "5000")));
    check.ASSERT_THAT(exec.Start(), IsOk());
    check.ASSERT_THAT(exec.stdio().AwaitEof(), Eq(true),
                      {.text = "the output ends", .code = why::kOutputNoEof});
    ExpectPattern(check, exec.stdio().output(), 5000, absl::StrCat("stdout of exec ", round + 1));
  }
}

void ExecStreamsAreIndependent(CheckContext& check) {
  const Task task = check.Run(Program("emit_lines", "3"), WithStdin());
  check.ASSERT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  const Task host = check.Run(Program("pause"));
  const Exec one = check.Require(host.AddExec(Program("print_args", "one")));
  const Exec two = check.Require(host.AddExec(Program("print_args", "two")));
  check.ASSERT_THAT(one.Start(), IsOk());
  check.ASSERT_THAT(two.Start(), IsOk());
  check.ASSERT_THAT(one.stdio().AwaitEof() && two.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  check.EXPECT_THAT(one.stdio().output(), HasSubstr("one"), {.code = why::kOutputLost});
  check.EXPECT_THAT(one.stdio().output(), Not(HasSubstr("two")), {.code = why::kOutputLost});
  check.EXPECT_THAT(two.stdio().output(), HasSubstr("two"), {.code = why::kOutputLost});
  check.EXPECT_THAT(host.stdio().output(), IsEmpty(), {.code = why::kOutputLost});
  const Exec three =
      check.Require(host.AddExec(Program("cat"), {.stdio = {.standard_input = true}}));
  check.ASSERT_THAT(three.Start(), IsOk());
  check.ASSERT_THAT(three.stdio().WriteInput("three\n"), IsOk(), {.code = why::kInputLost});
  check.EXPECT_THAT(three.stdio().AwaitOutput("three\n"), Eq(true),
                    {.text = "the input of an exec reaches it", .code = why::kInputLost});
}

void EofWaitsForBackgroundHolders(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("hold_stdout")));
  check.ASSERT_THAT(exec.Start(), IsOk());
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)),
                    {.text = "Wait does not wait for whoever still holds stdout",
                     .code = why::kReplyDelayed,
                     .requirement = "WAIT-05"});
  const StateInfo state = check.Require(exec.State());
  check.EXPECT_THAT(state, HasStatus(TaskStatus::kStopped), {.code = why::kStateWrong});
  check.ASSERT_THAT(task.Kill(SIGKILL, true), IsOk());
  check.ASSERT_THAT(task.Wait(), IsOk());
  check.EXPECT_THAT(exec.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
}

void ReaderMayLeaveAndReturn(CheckContext& check) {
  // 200 KB do not fit into the pipe: the process blocks until somebody reads again.
  const Task task = check.Create(Program("emit", "200000"));
  task.stdio().PauseReading();
  check.ASSERT_THAT(task.Start(), IsOk());
  task.stdio().CloseReaders();
  check.Linger(std::chrono::milliseconds(100));
  check.EXPECT_THAT(
      task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
      {.text = "a process whose reader left lives on, blocked", .code = why::kProcessState});
  check.ASSERT_THAT(task.stdio().ReopenReaders(), IsOk(), {.code = why::kHarness});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)),
                    {.text = "neither SIGPIPE nor EPIPE reached it"});
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  ExpectPattern(check, task.stdio().output(), 200000, "stdout of both readers together");
}

void UnreadFifoDelaysNobody(CheckContext& check) {
  const Task task = check.Create(Program("emit", "1000000"));
  task.stdio().PauseReading();
  check.ASSERT_THAT(task.Start(), IsOk());
  const Exec exec = check.Require(task.AddExec(Program("emit_lines", "2")));
  check.EXPECT_THAT(exec.Start(), IsOk(), {.text = "an exec beside a blocked writer"});
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(exec.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  check.EXPECT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)),
                    {.text = "Wait of a process with unread output", .requirement = "IO-12"});
}

void DiscardsWithoutStreams(CheckContext& check) {
  CreateOptions options;
  options.stdio.outputs = false;
  const Task task = check.Run(Program("emit", "100000", "--stderr", "100000"), options);
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)),
                    {.text = "output without a stream goes to /dev/null"});
  const StateInfo state = check.Require(task.State());
  check.EXPECT_THAT(state.standard_output, IsEmpty());
}

void SameFifoForBoth(CheckContext& check) {
  const std::string path = absl::StrCat(check.ScratchDirectory(), "/both");
  check.ASSERT_THAT(base::MakeFifo(path, 0700), IsOk(), {.code = why::kHarness});
  const base::UniqueFd reader =
      check.Require(base::OpenFifoReader(path, /*nonblocking=*/true), {.code = why::kHarness});
  CreateOptions options;
  options.stdio.stdout_uri = path;
  options.stdio.stderr_uri = path;
  const Task task = check.Run(Program("emit", "1000", "--stderr", "1000"), options);
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  std::string text;
  const bool complete = check.Eventually([&] {
    char buffer[4096];
    const ssize_t count = ::read(reader.get(), buffer, sizeof buffer);
    if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
    return text.size() >= 2000;
  });
  check.EXPECT_THAT(
      complete, Eq(true),
      {.text = absl::StrCat(text.size(), " of 2000 bytes arrived"), .code = why::kOutputLost});
}

void LeavesTheFifosAlone(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "0"), WithStdin());
  check.ASSERT_THAT(task.Wait(), IsOk());
  check.ASSERT_THAT(task.Delete(), IsOk());
  for (const std::string& path :
       {task.stdio().stdin_path(), task.stdio().stdout_path(), task.stdio().stderr_path()}) {
    check.EXPECT_THAT(
        IsFifo(path), Eq(true),
        {.text = absl::StrCat(path, " is still the client's FIFO"), .code = why::kFileContent});
  }
}

void ExitDoesNotWaitForReaders(CheckContext& check) {
  const Task task = check.Create(Program("emit", absl::StrCat(kFitsAnyPipe)));
  task.stdio().PauseReading();
  check.ASSERT_THAT(task.Start(), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)),
                    {.text = "Wait although nobody has read yet", .code = why::kReplyDelayed});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kStopped)));
  check.ASSERT_THAT(task.stdio().ReopenReaders(), IsOk(), {.code = why::kHarness});
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  ExpectPattern(check, task.stdio().output(), kFitsAnyPipe, "stdout read after the exit");
}

// --- input ---------------------------------------------------------------------------------------

void NoStdinIsEof(CheckContext& check) {
  const Task task = check.Run(Program("count_stdin"));
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)), {.text = "EOF at once"});
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  check.EXPECT_THAT(task.stdio().output(), Eq("0\n"), {.code = why::kInputLost});
}

void EchoesInput(CheckContext& check) {
  const Task task = check.Run(Program("cat"), WithStdin());
  check.ASSERT_THAT(task.stdio().WriteInput("hello\n"), IsOk(), {.code = why::kInputLost});
  check.EXPECT_THAT(task.stdio().AwaitOutput("hello\n"), Eq(true),
                    {.text = "the output has \"hello\"", .code = why::kInputLost});
  check.ASSERT_THAT(task.CloseIo(), IsOk());
  task.stdio().CloseInput();
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)), {.text = "EOF after CloseIO"});
}

void ClientMayLeaveStdin(CheckContext& check) {
  const Task task = check.Run(Program("cat"), WithStdin());
  check.ASSERT_THAT(task.stdio().WriteInput("one\n"), IsOk(), {.code = why::kInputLost});
  check.ASSERT_THAT(task.stdio().AwaitOutput("one\n"), Eq(true),
                    {.text = "the output has \"one\"", .code = why::kInputLost});
  task.stdio().CloseInput();
  check.Linger(std::chrono::milliseconds(100));
  check.EXPECT_THAT(
      task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
      {.text = "a client that left has not closed the process' stdin", .code = why::kProcessState});
  check.ASSERT_THAT(task.stdio().ReopenInput(), IsOk(), {.code = why::kInputLost});
  check.ASSERT_THAT(task.stdio().WriteInput("two\n"), IsOk(), {.code = why::kInputLost});
  check.EXPECT_THAT(task.stdio().AwaitOutput("two\n"), Eq(true),
                    {.text = "a client that came back is heard", .code = why::kInputLost});
  check.ASSERT_THAT(task.CloseIo(), IsOk(), {.requirement = "CLOSE-01"});
  task.stdio().CloseInput();
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)),
                    {.text = "EOF once the last writer is gone", .requirement = "CLOSE-01"});
}

void CloseIoLosesNothing(CheckContext& check) {
  const Task task = check.Run(Program("count_stdin"), WithStdin());
  check.ASSERT_THAT(task.stdio().WriteInput(std::string(1 << 20, 'x')), IsOk(),
                    {.code = why::kInputLost});
  check.ASSERT_THAT(task.CloseIo(), IsOk());
  task.stdio().CloseInput();
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  check.EXPECT_THAT(task.stdio().output(), Eq("1048576\n"),
                    {.text = "bytes the process counted", .code = why::kInputLost});
}

void CloseIoIsIdempotent(CheckContext& check) {
  const Task task = check.Create(Program("count_stdin"), WithStdin());
  check.EXPECT_THAT(task.CloseIo(), IsOk(), {.text = "CloseIO before Start"});
  check.EXPECT_THAT(task.CloseIo(), IsOk(), {.text = "CloseIO again"});
  check.ASSERT_THAT(task.Start(), IsOk());
  task.stdio().CloseInput();
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(task.CloseIo(), IsOk(), {.text = "CloseIO after the exit"});
  const Task without = check.Run(Program("exit_code", "0"));
  check.EXPECT_THAT(without.CloseIo(), IsOk(), {.text = "CloseIO without a stdin"});
}

void ExecCloseIoBeforeStart(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  ExecOptions options;
  options.stdio.standard_input = true;
  const Exec exec = check.Require(task.AddExec(Program("count_stdin"), options));
  check.EXPECT_THAT(exec.CloseIo(), IsOk(), {.text = "CloseIO before Start, as containerd may"});
  check.ASSERT_THAT(exec.Start(), IsOk());
  exec.stdio().CloseInput();
  if (!check.Eventually([&] { return exec.ProcessGone(); }, std::chrono::milliseconds(300))) {
    check.Note("a CloseIO sent before Start is forgotten: the process waits for another one");
    check.ASSERT_THAT(exec.CloseIo(), IsOk(), {.text = "CloseIO after Start"});
  }
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)),
                    {.text = "EOF once the shim's own end is closed"});
}

// --- URIs ----------------------------------------------------------------------------------------

void FileUri(CheckContext& check) {
  const std::string path = absl::StrCat(check.ScratchDirectory(), "/new/directory/out.log");
  CreateOptions options;
  options.stdio.stdout_uri = absl::StrCat("file://", path);
  options.stdio.stderr_uri = absl::StrCat("file://", path);
  for (int round = 0; round < 2; ++round) {
    const Task task = check.Run(Program("emit_lines", "3"), options);
    check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
    check.EXPECT_THAT(check.Require(task.State()).standard_output, Eq(options.stdio.stdout_uri),
                      {.text = "State reports the URI", .requirement = "STATE-02"});
    check.ASSERT_THAT(task.Delete(), IsOk());
  }
  const std::vector<std::string> lines =
      absl::StrSplit(ReadWholeFile(path), '\n', absl::SkipEmpty());
  check.EXPECT_THAT(lines.size(), Eq(6u),
                    {.text = "lines of two runs, appended", .code = why::kFileContent});
  struct stat status {};
  check.ASSERT_THAT(::stat(path.c_str(), &status), Eq(0), {.code = why::kFileContent});
  // The umask of the shim may take from others what it likes.
  check.EXPECT_THAT(status.st_mode & 0777u & ~0044u, Eq(0600u),
                    {.text = "0644, less what the umask takes", .code = why::kFileContent});
}

void BinaryUri(CheckContext& check) {
  const std::string logger = check.ProgramOnHost("logger");
  const std::string target = absl::StrCat(check.ScratchDirectory(), "/logged");
  check.ASSERT_THAT(::mkdir(target.c_str(), 0755), Eq(0), {.code = why::kHarness});
  CreateOptions options;
  options.stdio.stdout_uri = absl::StrCat("binary://", logger, "?", target);
  options.stdio.stderr_uri = options.stdio.stdout_uri;
  const Task task = check.Run(Program("emit", "10000", "--stderr", "300"), options);
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(task.Delete(), IsOk());
  check.EXPECT_THAT(check.Eventually([&] {
    return ReadWholeFile(target + "/stdout").size() == 10000 &&
           ReadWholeFile(target + "/stderr").size() == 300;
  }),
                    Eq(true), {.text = "the logger got all output", .code = why::kOutputLost});
  ExpectPattern(check, ReadWholeFile(target + "/stdout"), 10000, "the logger's fd 3");
  const std::string env = ReadWholeFile(target + "/env");
  check.EXPECT_THAT(env, HasSubstr(absl::StrCat("CONTAINER_ID=", task.id())),
                    {.code = why::kFileContent});
  check.EXPECT_THAT(env, HasSubstr(absl::StrCat("CONTAINER_NAMESPACE=", check.Namespace())),
                    {.code = why::kFileContent});
}

void UnknownSchemeIsRefused(CheckContext& check) {
  CreateOptions options;
  options.stdio.stdout_uri = "gopher://example/x";
  options.stdio.stderr_uri = "gopher://example/x";
  const Task task = check.TryCreate(Program("pause"), options);
  check.EXPECT_THAT(task.create_status(), IsError());
  check.EXPECT_THAT(std::string(task.create_status().message()), HasSubstr("gopher"),
                    {.text = "the message names the scheme"});
  const Task healthy = check.Run(Program("exit_code", "0"));
  check.EXPECT_THAT(healthy.Wait(), IsOkAndHolds(ExitedWith(0)));
}

void MissingExecFifoFailsStart(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  ExecOptions options;
  options.stdio.stdout_uri = absl::StrCat(check.ScratchDirectory(), "/absent");
  options.stdio.stderr_uri = options.stdio.stdout_uri;
  const absl::StatusOr<Exec> exec = task.AddExec(Program("exit_code", "0"), options);
  check.ASSERT_THAT(exec.status(), IsOk(), {.text = "Exec does not look at the streams yet"});
  check.EXPECT_THAT(exec->Start(), IsError(), {.text = "Start does"});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

// --- terminal ------------------------------------------------------------------------------------

void TerminalIsATty(CheckContext& check) {
  const Task task = check.Run(OnTerminal(Program("tty_report")), WithStdin());
  check.EXPECT_THAT(
      task.stdio().AwaitOutput("tty 0 yes\r\ntty 1 yes\r\ntty 2 yes"), Eq(true),
      {.text = absl::StrCat("the program saw: ", task.stdio().output()), .code = why::kOutputLost});
  check.ASSERT_THAT(task.stdio().WriteInput("quit\n"), IsOk(), {.code = why::kInputLost});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "stdout reaches EOF after the exit",
                     .code = why::kOutputNoEof,
                     .requirement = "IO-41"});
  check.EXPECT_THAT(task.stdio().error(), IsEmpty(), {.code = why::kOutputLost});
}

void ResizeBeforeStart(CheckContext& check) {
  const Task task = check.Create(OnTerminal(Program("tty_report")), WithStdin());
  check.ASSERT_THAT(task.ResizePty(100, 40), IsOk());
  check.ASSERT_THAT(task.Start(), IsOk());
  check.EXPECT_THAT(
      task.stdio().AwaitOutput("size 40x100"), Eq(true),
      {.text = absl::StrCat("the program saw: ", task.stdio().output()), .code = why::kReplyField});
}

void ResizeSignalsTheProcess(CheckContext& check) {
  const Task task = check.Run(OnTerminal(Program("tty_report")), WithStdin());
  check.ASSERT_THAT(task.stdio().AwaitOutput("size "), Eq(true),
                    {.text = "the output has \"size \"", .code = why::kOutputLost});
  check.ASSERT_THAT(task.ResizePty(132, 50), IsOk());
  check.EXPECT_THAT(
      task.stdio().AwaitOutput("size 50x132"), Eq(true),
      {.text = absl::StrCat("the program saw: ", task.stdio().output()), .code = why::kReplyField});
}

void TerminalLosesNothing(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(OnTerminal(Program("emit_lines", "20000"))));
  check.ASSERT_THAT(exec.Start(), IsOk());
  check.ASSERT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(exec.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  const std::vector<std::string> lines =
      absl::StrSplit(exec.stdio().output(), "\r\n", absl::SkipEmpty());
  check.EXPECT_THAT(lines.size(), Eq(20000u),
                    {.text = "lines ending in CR LF", .code = why::kOutputLost});
}

void ClientMayLeaveATerminal(CheckContext& check) {
  const Task task = check.Run(OnTerminal(Program("tty_report")), WithStdin());
  check.ASSERT_THAT(task.stdio().AwaitOutput("size "), Eq(true),
                    {.text = "the output has \"size \"", .code = why::kOutputLost});
  task.stdio().CloseInput();
  check.Linger(std::chrono::milliseconds(100));
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "detaching leaves the process alone"});
  check.ASSERT_THAT(task.stdio().ReopenInput(), IsOk(), {.code = why::kInputLost});
  check.ASSERT_THAT(task.stdio().WriteInput("quit\n"), IsOk(), {.code = why::kInputLost});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
}

void TerminalIsReleased(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const auto masters = [&] {
    std::size_t count = 0;
    for (const auto& [fd, target] : check.World().Fds(task.shim().pid())) {
      if (absl::StrContains(target, "ptmx")) ++count;
    }
    return count;
  };
  const std::size_t before = masters();
  for (int round = 0; round < 3; ++round) {
    const Exec exec = check.Require(task.AddExec(OnTerminal(Program("emit_lines", "5"))));
    check.ASSERT_THAT(exec.Start(), IsOk());
    check.ASSERT_THAT(exec.Wait(), IsOk());
    check.ASSERT_THAT(exec.stdio().AwaitEof(), Eq(true),
                      {.text = "the output ends", .code = why::kOutputNoEof});
    check.ASSERT_THAT(exec.Delete(), IsOk());
  }
  check.EXPECT_THAT(check.Eventually([&] { return masters() == before; }), Eq(true),
                    {.text = "pty masters of the daemon after three terminal execs",
                     .code = why::kLeftFd,
                     .requirement = "DELETE-12"});
}

}  // namespace

void AddStdioChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  const Needs terminal = ToNeeds(Need::kTerminal);
  const std::vector<Check> rows = {
      {.id = "stdio/all-output-arrives-then-eof",
       .requirements = {"IO-02", "IO-03", "IO-01"},
       .run = AllOutputThenEof},
      {.id = "stdio/streams-are-separate",
       .requirements = {"IO-02", "IO-01"},
       .run = StreamsAreSeparate},
      {.id = "stdio/fast-exits-lose-nothing",
       .requirements = {"IO-02", "IO-03"},
       .tags = {"race"},
       .needs = exec,
       .run = FastExitLosesNothing},
      {.id = "stdio/exec-streams-are-independent",
       .requirements = {"IO-07"},
       .needs = exec,
       .run = ExecStreamsAreIndependent},
      {.id = "stdio/wait-does-not-wait-for-holders-of-stdout",
       .requirements = {"IO-12", "WAIT-05"},
       .needs = Need::kExec | Need::kNamespaces,
       .host = ToHostNeeds(HostNeed::kEngineCgroups),
       .run = EofWaitsForBackgroundHolders},
      {.id = "stdio/reader-may-leave-and-return",
       .requirements = {"IO-04", "IO-05"},
       .run = ReaderMayLeaveAndReturn},
      {.id = "stdio/an-unread-fifo-delays-nobody",
       .requirements = {"IO-06", "IO-12"},
       .needs = exec,
       .run = UnreadFifoDelaysNobody},
      {.id = "stdio/discards-without-streams",
       .requirements = {"IO-01"},
       .run = DiscardsWithoutStreams},
      {.id = "stdio/same-fifo-for-both-streams",
       .requirements = {"IO-11"},
       .level = Level::kShould,
       .run = SameFifoForBoth},
      {.id = "stdio/leaves-the-fifos-alone", .requirements = {"IO-14"}, .run = LeavesTheFifosAlone},
      {.id = "stdio/exit-does-not-wait-for-readers",
       .requirements = {"IO-12", "IO-02"},
       .run = ExitDoesNotWaitForReaders},
      {.id = "stdio/no-stdin-is-eof", .requirements = {"IO-01"}, .run = NoStdinIsEof},
      {.id = "stdio/input-reaches-the-process",
       .requirements = {"IO-01", "CLOSE-01"},
       .run = EchoesInput},
      {.id = "stdio/client-may-leave-stdin-and-return",
       .requirements = {"IO-08", "CLOSE-01", "UND-09"},
       .run = ClientMayLeaveStdin},
      {.id = "stdio/closing-stdin-loses-nothing",
       .requirements = {"IO-09", "CLOSE-01"},
       .run = CloseIoLosesNothing},
      {.id = "stdio/closing-stdin-is-idempotent",
       .requirements = {"CLOSE-01"},
       .run = CloseIoIsIdempotent},
      {.id = "stdio/exec-stdin-may-be-closed-before-start",
       .requirements = {"CLOSE-01"},
       .needs = exec,
       .run = ExecCloseIoBeforeStart},
      {.id = "stdio/file-uri-appends",
       .requirements = {"IO-20", "STATE-02"},
       .level = Level::kShould,
       .needs = ToNeeds(Need::kFileUri),
       .run = FileUri},
      {.id = "stdio/binary-uri-feeds-a-logger",
       .requirements = {"IO-22", "IO-23"},
       .level = Level::kShould,
       .needs = ToNeeds(Need::kBinaryUri),
       .run = BinaryUri},
      {.id = "stdio/unknown-scheme-is-refused",
       .requirements = {"IO-27"},
       .level = Level::kShould,
       .run = UnknownSchemeIsRefused},
      {.id = "stdio/a-missing-exec-fifo-fails-start",
       .requirements = {"IO-28", "IO-21"},
       .level = Level::kShould,
       .needs = exec,
       .run = MissingExecFifoFailsStart},
      {.id = "stdio/terminal-is-a-tty",
       .requirements = {"IO-40", "IO-41"},
       .needs = terminal,
       .run = TerminalIsATty},
      {.id = "stdio/resize-before-start-is-effective",
       .requirements = {"IO-47", "PTY-01"},
       .needs = terminal,
       .run = ResizeBeforeStart},
      {.id = "stdio/resize-reaches-the-process",
       .requirements = {"PTY-01"},
       .needs = terminal,
       .run = ResizeSignalsTheProcess},
      {.id = "stdio/terminal-loses-nothing",
       .requirements = {"IO-42"},
       .needs = Need::kTerminal | Need::kExec,
       .run = TerminalLosesNothing},
      {.id = "stdio/client-may-leave-a-terminal",
       .requirements = {"IO-44"},
       .needs = terminal,
       .run = ClientMayLeaveATerminal},
      {.id = "stdio/terminal-is-released",
       .requirements = {"DELETE-12", "IO-46"},
       .needs = Need::kTerminal | Need::kExec,
       .run = TerminalIsReleased},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
  AddStdioOutputChecks(checks);
  AddStdioInputChecks(checks);
  AddStdioLoggerChecks(checks);
  AddStdioTerminalChecks(checks);
}

}  // namespace conformance
