// SPDX-License-Identifier: Apache-2.0
// Contract §6.1: output of every size, and readers that are slow, late, leave, never come, or come
// back.
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/fifo.h"
#include "conformance/checks/stdio_support.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/host_pids.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::Lt;

std::unique_ptr<PendingReply> StartAsync(const Exec& exec, ShimUnderTest& shim) {
  containerd::task::v3::StartRequest request;
  request.set_id(exec.id());
  request.set_exec_id(exec.exec_id());
  return shim.CallAsync("Start", request.SerializeAsString());
}

// --- sizes ---------------------------------------------------------------------------------------

void EverySizeArrives(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  // Around one copy buffer, and around what a pipe holds.
  for (const std::size_t size : {1u, 4095u, 4096u, 4097u, 65535u, 65536u, 65537u}) {
    const std::string bytes = absl::StrCat(size);
    const Exec exec = check.Require(task.AddExec(Program("emit", bytes, "--stderr", bytes)));
    check.ASSERT_THAT(exec.Start(), IsOk());
    check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
    check.ASSERT_THAT(exec.stdio().AwaitEof(), Eq(true),
                      {.text = absl::StrCat("EOF after ", size, " bytes"),
                       .code = why::kOutputNoEof,
                       .requirement = "IO-03"});
    ExpectPattern(check, exec.stdio().output(), size, absl::StrCat("stdout of size ", size));
    ExpectPattern(check, exec.stdio().error(), size, absl::StrCat("stderr of size ", size));
  }
}

void TwentyMegabytesArrive(CheckContext& check) {
  const Task task = check.Run(Program("emit", "20971520"));
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "stdout reaches EOF", .code = why::kOutputNoEof});
  ExpectPattern(check, task.stdio().output(), 20971520, "stdout");
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
}

void ManyStreamsAtOnce(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  std::vector<Exec> execs;
  for (int i = 0; i < 8; ++i) {
    execs.push_back(check.Require(task.AddExec(Program("emit", "200000", "--stderr", "70000"))));
    check.ASSERT_THAT(execs.back().Start(), IsOk());
  }
  for (std::size_t i = 0; i < execs.size(); ++i) {
    check.ASSERT_THAT(execs[i].stdio().AwaitEof(), Eq(true),
                      {.text = "the output ends", .code = why::kOutputNoEof});
    ExpectPattern(check, execs[i].stdio().output(), 200000, absl::StrCat("stdout of exec ", i + 1));
    ExpectPattern(check, execs[i].stdio().error(), 70000, absl::StrCat("stderr of exec ", i + 1));
  }
}

// --- slow and absent readers ---------------------------------------------------------------------

void SlowReaderSlowsOnlyItsWriter(CheckContext& check) {
  const Task other = check.Run(Program("pause"));
  CreateOptions options;
  options.shim = &other.shim();
  const Task writer = check.Create(Program("emit", "1000000"), options);
  writer.stdio().PauseReading();
  check.ASSERT_THAT(writer.Start(), IsOk());
  ExpectUndisturbed(check, other, "a process nobody reads");
  check.Linger(std::chrono::milliseconds(50));  // it would end when its pipe is full
  check.EXPECT_THAT(writer.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "a process with more output than a pipe holds waits for its reader",
                     .code = why::kProcessState,
                     .requirement = "IO-04"});
  check.EXPECT_THAT(writer.stdio().output().size(), Lt(1000000u), {.code = why::kHarness});
  check.ASSERT_THAT(writer.stdio().ReopenReaders(), IsOk(), {.code = why::kHarness});
  check.EXPECT_THAT(writer.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  ExpectPattern(check, writer.stdio().output(), 1000000, "stdout of the slow reader");
  check.EXPECT_THAT(writer.Wait(), IsOkAndHolds(ExitedWith(0)));
}

void LateReaderOfAnExec(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  ExecOptions options;
  options.stdio.readers = false;
  const Exec exec = check.Require(task.AddExec(Program("emit", "30000"), options));
  const std::unique_ptr<PendingReply> starting = StartAsync(exec, task.shim());
  // Whether Start waits for a reader is the shim's own affair (IO-10); others must not.
  CallOptions soon;
  soon.deadline = std::chrono::seconds(3);
  check.ASSERT_THAT(
      task.State(soon), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
      {.text = "State beside an exec whose streams nobody has opened", .code = why::kReplyDelayed});
  const Exec second = check.Require(task.AddExec(Program("exit_code", "0")));
  check.EXPECT_THAT(second.Start(soon), IsOk(),
                    {.text = "Start of an exec beside one whose streams nobody has opened",
                     .code = why::kReplyDelayed});
  if (!starting->done()) check.Note("Start of an exec waits until somebody reads its streams");
  check.ASSERT_THAT(exec.stdio().ReopenReaders(), IsOk(), {.code = why::kHarness});
  check.ASSERT_THAT(starting->Get(), IsOk(), {.text = "Start once the streams have a reader"});
  check.EXPECT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(exec.stdio().AwaitOutputBytes(30000), Eq(true),
                    {.text = "the output arrives", .code = why::kOutputLost});
  ExpectPattern(check, exec.stdio().output(), 30000, "stdout of a late reader");
}

void LateReaderOfAnInit(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("emit", "30000"));
  ShimUnderTest& shim = check.StartShim(bundle);
  StdioOptions stdio;
  stdio.stdout_uri = absl::StrCat(check.ScratchDirectory(), "/late-stdout");
  stdio.stderr_uri = absl::StrCat(check.ScratchDirectory(), "/late-stderr");
  check.ASSERT_THAT(base::MakeFifo(stdio.stdout_uri, 0700), IsOk(), {.code = why::kHarness});
  check.ASSERT_THAT(base::MakeFifo(stdio.stderr_uri, 0700), IsOk(), {.code = why::kHarness});
  const std::unique_ptr<PendingReply> creating = check.CreateAsync(shim, bundle, stdio);
  check.Eventually([&] { return creating->done(); }, std::chrono::milliseconds(200));
  if (!creating->done()) check.Note("Create waits until somebody reads the streams");
  const base::UniqueFd out =
      check.Require(base::OpenFifoReader(stdio.stdout_uri, true), {.code = why::kHarness});
  const base::UniqueFd error =
      check.Require(base::OpenFifoReader(stdio.stderr_uri, true), {.code = why::kHarness});
  check.ASSERT_THAT(creating->Get(), IsOk(), {.text = "Create once the streams have a reader"});
  containerd::task::v3::StartRequest start;
  start.set_id(bundle.id);
  check.ASSERT_THAT(shim.Call("Start", start.SerializeAsString()), IsOk());
  std::string text;
  check.Eventually([&] {
    char buffer[4096];
    const ssize_t got = ::read(out.get(), buffer, sizeof buffer);
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
    return text.size() >= 30000;
  });
  ExpectPattern(check, text, 30000, "stdout of a late reader");
}

void DeleteWorksThoughTheReaderLeft(CheckContext& check) {
  const Task task = check.Create(Program("emit", "200000"));
  task.stdio().PauseReading();
  check.ASSERT_THAT(task.Start(), IsOk());
  task.stdio().CloseReaders();
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  // The shim may wait for a reader to come back, but not for ever: 10 s (DELETE-08).
  CallOptions patient;
  patient.deadline = std::chrono::seconds(15);
  check.EXPECT_THAT(task.Delete(patient), IsOkAndHolds(ExitedWith(137)),
                    {.text = "Delete with unread output and no reader"});
  check.EXPECT_THAT(task.shim().alive(), Eq(true),
                    {.text = "the shim lives", .code = why::kShimCrashed});
}

// --- coming back ---------------------------------------------------------------------------------

void ReattachingClientMissesNothing(CheckContext& check) {
  const Task task = check.Create(Program("emit", absl::StrCat(kFitsAnyPipe)));
  task.stdio().CloseReaders();
  check.ASSERT_THAT(task.Start(), IsOk(), {.text = "Start while the client is away"});
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  const std::string address = task.shim().address();
  const int version = task.shim().task_version();
  task.shim().Disconnect();
  const Task attached = check.Attach(task, check.ConnectTo(address, version));
  const StateInfo state = check.Require(attached.State());
  check.EXPECT_THAT(state.standard_output, Eq(task.stdio().stdout_path()),
                    {.text = "where to attach", .requirement = "REC-23"});
  check.ASSERT_THAT(task.stdio().ReopenReaders(), IsOk(), {.code = why::kHarness});
  check.EXPECT_THAT(task.stdio().AwaitOutputBytes(kFitsAnyPipe), Eq(true),
                    {.text = "the output arrives", .code = why::kOutputLost});
  ExpectPattern(check, task.stdio().output(), kFitsAnyPipe, "stdout produced while nobody read");
}

// What was read before a reader left, and what its successor got, put together.
void ReadersComeAndGo(CheckContext& check) {
  // So much that it does not end before the last reader has come.
  const Task task = check.Run(Program("emit", "40000000"));
  for (int round = 1; round <= 5; ++round) {
    check.ASSERT_THAT(task.stdio().AwaitOutputBytes(task.stdio().output().size() + 1), Eq(true),
                      {.text = "the output arrives", .code = why::kOutputLost});
    task.stdio().CloseReaders();
    check.ASSERT_THAT(task.stdio().ReopenReaders(), IsOk(), {.code = why::kHarness});
  }
  check.EXPECT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  ExpectPattern(check, task.stdio().output(), 40000000, "stdout of six readers together");
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
}

void OutputAfterTheExit(CheckContext& check) {
  const std::string gate = absl::StrCat(check.ScratchDirectory(), "/gate");
  check.ASSERT_THAT(base::MakeFifo(gate, 0666), IsOk(), {.code = why::kHarness});
  const base::UniqueFd opener =
      check.Require(base::OpenFifoBothEnds(gate, true), {.code = why::kHarness});
  const Task task = check.Run(Program("pause"));
  const Exec exec = check.Require(task.AddExec(Program("hold_stdout", gate)));
  check.ASSERT_THAT(exec.Start(), IsOk());
  check.ASSERT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(exec.State(), IsOkAndHolds(HasStatus(TaskStatus::kStopped)));
  check.EXPECT_THAT(exec.stdio().output_eof(), Eq(false),
                    {.text = "no EOF while a child still holds stdout", .code = why::kOutputLost});
  check.ASSERT_THAT(::write(opener.get(), "x", 1), Eq(1), {.code = why::kHarness});
  check.EXPECT_THAT(exec.stdio().AwaitOutput("late\n"), Eq(true),
                    {.text = "what a background child wrote after the exit of its parent",
                     .code = why::kOutputLost});
  check.EXPECT_THAT(exec.stdio().AwaitEof(), Eq(true),
                    {.text = "EOF once the last holder is gone",
                     .code = why::kOutputNoEof,
                     .requirement = "IO-03"});
}

}  // namespace

void AddStdioOutputChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  const std::vector<Check> rows = {
      {.id = "stdio/output-of-every-size-arrives",
       .requirements = {"IO-02", "IO-03"},
       .needs = exec,
       .run = EverySizeArrives},
      {.id = "stdio/twenty-megabytes-arrive",
       .requirements = {"IO-02"},
       .run = TwentyMegabytesArrive},
      {.id = "stdio/many-streams-at-once-stay-apart",
       .requirements = {"IO-07", "IO-02"},
       .tags = {"race"},
       .needs = exec,
       .run = ManyStreamsAtOnce},
      {.id = "stdio/a-slow-reader-slows-only-its-writer",
       .requirements = {"IO-06", "IO-04"},
       .needs = Need::kExec | Need::kGrouping,
       .run = SlowReaderSlowsOnlyItsWriter},
      {.id = "stdio/a-late-reader-of-an-exec-delays-nobody-else",
       .requirements = {"IO-06", "IO-10"},
       .needs = exec,
       .run = LateReaderOfAnExec},
      {.id = "stdio/a-late-reader-of-an-init-gets-everything",
       .requirements = {"IO-02", "IO-10"},
       .level = Level::kShould,
       .run = LateReaderOfAnInit},
      {.id = "stdio/delete-works-though-the-reader-left",
       .requirements = {"DELETE-08", "IO-04"},
       .run = DeleteWorksThoughTheReaderLeft},
      {.id = "stdio/a-reattaching-client-misses-nothing",
       .requirements = {"IO-05", "REC-23"},
       .run = ReattachingClientMissesNothing},
      {.id = "stdio/readers-may-come-and-go",
       .requirements = {"IO-04", "IO-05"},
       .tags = {"race"},
       .run = ReadersComeAndGo},
      {.id = "stdio/output-of-a-child-after-the-exit-arrives",
       .requirements = {"IO-03", "IO-12", "IO-02"},
       .tags = {kLateOutputTag},
       .needs = Need::kExec | Need::kNamespaces,
       .run = OutputAfterTheExit},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
