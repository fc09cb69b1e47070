// SPDX-License-Identifier: Apache-2.0
// Contract §6.1: stdin of megabytes, stdin that nobody reads, clients that come early or late, and
// closing one stdin of many.
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "base/fifo.h"
#include "conformance/checks/stdio_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::Eq;

void MegabytesThereAndBack(CheckContext& check) {
  constexpr std::size_t kBytes = 4u << 20;
  const Task task = check.Run(Program("cat"), WithStdin());
  check.ASSERT_THAT(task.stdio().WriteInput(Pattern(kBytes)), IsOk(),
                    {.text = "the process takes all of its input", .code = why::kInputLost});
  check.ASSERT_THAT(task.CloseIo(), IsOk());
  task.stdio().CloseInput();
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  ExpectPattern(check, task.stdio().output(), kBytes, "stdout, which is stdin copied");
}

void InputBeforeStart(CheckContext& check) {
  const Task task = check.Create(Program("cat"), WithStdin());
  check.ASSERT_THAT(task.stdio().WriteInput("early\n"), IsOk(), {.code = why::kInputLost});
  check.ASSERT_THAT(task.Start(), IsOk());
  check.EXPECT_THAT(task.stdio().AwaitOutput("early\n"), Eq(true),
                    {.text = "what was written before Start", .code = why::kInputLost});
  check.ASSERT_THAT(task.CloseIo(), IsOk());
  task.stdio().CloseInput();
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
}

// Writes until neither the pipe nor the shim takes more.
void Fill(CheckContext& check, const base::UniqueFd& fd) {
  const std::string chunk(4096, 'x');
  // Full for a while means: nobody drains it.
  for (int full = 0; full < 5; ++full) {
    while (true) {
      if (::write(fd.get(), chunk.data(), chunk.size()) <= 0) break;
      full = 0;
    }
    check.Linger(std::chrono::milliseconds(10));
  }
}

void UnreadInputDelaysNobody(CheckContext& check) {
  const std::string path = absl::StrCat(check.ScratchDirectory(), "/stdin");
  check.ASSERT_THAT(base::MakeFifo(path, 0700), IsOk(), {.code = why::kHarness});
  const base::UniqueFd writer =
      check.Require(base::OpenFifoBothEnds(path, true), {.code = why::kHarness});
  const Task other = check.Run(Program("pause"));
  CreateOptions options;
  options.shim = &other.shim();
  options.stdio.stdin_uri = path;
  const Task task = check.Run(Program("pause"), options);  // never reads
  Fill(check, writer);
  ExpectUndisturbed(check, other, "a process that does not read its stdin");
  check.EXPECT_THAT(task.CloseIo(), IsOk(), {.text = "CloseIO with unread input"});
  check.EXPECT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(137)),
                    {.text = "Delete with unread input"});
}

void ClientOfStdinMayComeLate(CheckContext& check) {
  const std::string path = absl::StrCat(check.ScratchDirectory(), "/stdin");
  check.ASSERT_THAT(base::MakeFifo(path, 0700), IsOk(), {.code = why::kHarness});
  CreateOptions options;
  options.stdio.stdin_uri = path;
  const Task task = check.Run(Program("cat"), options);
  check.Linger(std::chrono::milliseconds(100));
  check.ASSERT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "a stdin without a client is no EOF", .code = why::kProcessState});
  base::UniqueFd writer =
      check.Require(base::OpenFifoWriter(path, true), {.code = why::kInputLost});
  check.ASSERT_THAT(::write(writer.get(), "hello\n", 6), Eq(6), {.code = why::kInputLost});
  check.EXPECT_THAT(task.stdio().AwaitOutput("hello\n"), Eq(true),
                    {.text = "the output has \"hello\"", .code = why::kInputLost});
  check.ASSERT_THAT(task.CloseIo(), IsOk());
  writer.reset();
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
}

void ClosingOneStdinOfMany(CheckContext& check) {
  const Task task = check.Run(Program("cat"), WithStdin());
  ExecOptions options;
  options.stdio.standard_input = true;
  const Exec closed = check.Require(task.AddExec(Program("count_stdin"), options));
  const Exec open = check.Require(task.AddExec(Program("cat"), options));
  check.ASSERT_THAT(closed.Start(), IsOk());
  check.ASSERT_THAT(open.Start(), IsOk());
  check.ASSERT_THAT(closed.CloseIo(), IsOk());
  closed.stdio().CloseInput();
  check.EXPECT_THAT(closed.Wait(), IsOkAndHolds(ExitedWith(0)));
  // While its client writes, a stdin is open whatever the shim does: only without one it shows.
  for (ClientStdio* stdio : {&task.stdio(), &open.stdio()}) stdio->CloseInput();
  check.Linger(std::chrono::milliseconds(100));
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the init, whose stdin was not closed", .code = why::kProcessState});
  check.EXPECT_THAT(
      open.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
      {.text = "the other exec, whose stdin was not closed", .code = why::kProcessState});
  for (ClientStdio* stdio : {&task.stdio(), &open.stdio()}) {
    check.ASSERT_THAT(stdio->ReopenInput(), IsOk(), {.code = why::kInputLost});
    check.ASSERT_THAT(stdio->WriteInput("still here\n"), IsOk(), {.code = why::kInputLost});
    check.EXPECT_THAT(stdio->AwaitOutput("still here\n"), Eq(true),
                      {.text = "a stdin that was not closed", .code = why::kInputLost});
  }
}

void ClosingTwiceLosesNothing(CheckContext& check) {
  const Task task = check.Run(Program("count_stdin"), WithStdin());
  check.ASSERT_THAT(task.CloseIo(), IsOk(), {.text = "CloseIO while the client still writes"});
  check.ASSERT_THAT(task.stdio().WriteInput(std::string(200000, 'x')), IsOk(),
                    {.code = why::kInputLost});
  check.EXPECT_THAT(task.CloseIo(), IsOk(), {.text = "CloseIO again"});
  task.stdio().CloseInput();
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)),
                    {.text = "EOF once the last writer is gone"});
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  check.EXPECT_THAT(task.stdio().output(), Eq("200000\n"), {.code = why::kInputLost});
}

}  // namespace

void AddStdioInputChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  const std::vector<Check> rows = {
      {.id = "stdio/megabytes-of-input-arrive",
       .requirements = {"IO-09", "IO-02"},
       .run = MegabytesThereAndBack},
      {.id = "stdio/input-may-be-written-before-start",
       .requirements = {"UND-09", "IO-01"},
       .level = Level::kShould,
       .run = InputBeforeStart},
      {.id = "stdio/unread-input-delays-nobody",
       .requirements = {"IO-06", "DELETE-08"},
       .needs = Need::kExec | Need::kGrouping,
       .run = UnreadInputDelaysNobody},
      {.id = "stdio/the-client-of-stdin-may-come-late",
       .requirements = {"IO-08", "UND-09"},
       .run = ClientOfStdinMayComeLate},
      {.id = "stdio/closing-one-stdin-leaves-the-others-open",
       .requirements = {"IO-07", "CLOSE-01"},
       .needs = exec,
       .run = ClosingOneStdinOfMany},
      {.id = "stdio/closing-early-and-twice-loses-nothing",
       .requirements = {"IO-09", "CLOSE-01"},
       .run = ClosingTwiceLosesNothing},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
