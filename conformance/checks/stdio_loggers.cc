// SPDX-License-Identifier: Apache-2.0
// Contract §6.2: file://, binary://, binary-v2:// and what is none of them. Loggers that are well
// behaved, late, gone at once, killed, absent.
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fifo.h"
#include "conformance/checks/bootstrap_support.h"
#include "conformance/checks/stdio_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

// The fixture program `logger` in one of its modes, with a directory of its own.
struct LoggerUri {
  std::string directory;
  std::string uri;
};
LoggerUri MakeLogger(CheckContext& check, const std::string& mode,
                     const std::string& scheme = "binary") {
  static constexpr char kDirectory[] = "/logger";
  LoggerUri logger;
  logger.directory = absl::StrCat(check.ScratchDirectory(), kDirectory);
  check.ASSERT_THAT(::mkdir(logger.directory.c_str(), 0755), Eq(0), {.code = why::kHarness});
  logger.uri =
      absl::StrCat(scheme, "://", check.ProgramOnHost("logger"), "?", logger.directory, "=", mode);
  return logger;
}

StdioOptions Into(const std::string& uri) {
  StdioOptions stdio;
  stdio.stdout_uri = uri;
  stdio.stderr_uri = uri;
  return stdio;
}
CreateOptions CreatedInto(const std::string& uri) {
  CreateOptions options;
  options.stdio = Into(uri);
  return options;
}

std::vector<std::string> Lines(const std::string& path) {
  return absl::StrSplit(ReadWholeFile(path), '\n', absl::SkipEmpty());
}

pid_t PidOf(const LoggerUri& logger) {
  int pid = 0;
  const std::vector<std::string> lines = Lines(logger.directory + "/pid");
  return !lines.empty() && absl::SimpleAtoi(lines.front(), &pid) ? pid : 0;
}

// Its pid is one of this world: it runs on the host side.
void KillLogger(CheckContext& check, const LoggerUri& logger) {
  check.ASSERT_THAT(check.Eventually([&] { return PidOf(logger) > 0; }), Eq(true),
                    {.text = "the logger runs", .code = why::kProcessState});
  check.ASSERT_THAT(::kill(PidOf(logger), SIGKILL), Eq(0), {.code = why::kHarness});
}

void ExpectLoggerGone(CheckContext& check, const LoggerUri& logger) {
  check.ASSERT_THAT(PidOf(logger), ::testing::Gt(0),
                    {.text = "the logger ran", .code = why::kProcessState});
  check.EXPECT_THAT(check.Eventually([&] { return !check.World().Find(PidOf(logger)); }), Eq(true),
                    {.text = "the logger is gone and reaped",
                     .code = why::kLeftProcess,
                     .requirement = "LEAK-02"});
}

// Nothing of a container whose streams could not be made, and a shim that works.
void ExpectNothingLeft(CheckContext& check, const Task& failed) {
  check.EXPECT_THAT(check.World().MountsBelow(failed.bundle().path), IsEmpty(),
                    {.text = "mounts after a failed Create",
                     .code = why::kLeftMount,
                     .requirement = "CREATE-11"});
  const Task healthy = check.Run(Program("exit_code", "0"));
  check.EXPECT_THAT(healthy.Wait(), IsOkAndHolds(ExitedWith(0)));
}

// --- files ---------------------------------------------------------------------------------------

void FileTakesBothStreamsOfAnExec(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::string path = absl::StrCat(check.ScratchDirectory(), "/logs/exec.log");
  ExecOptions options;
  options.stdio.stdout_uri = absl::StrCat("file://", path);
  options.stdio.stderr_uri = options.stdio.stdout_uri;
  const Exec exec =
      check.Require(task.AddExec(Program("emit", "3000", "--stderr", "2000"), options));
  check.ASSERT_THAT(exec.Start(), IsOk());
  check.ASSERT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.EXPECT_THAT(check.Require(exec.State()).standard_output, Eq(options.stdio.stdout_uri),
                    {.requirement = "STATE-02"});
  check.ASSERT_THAT(exec.Delete(), IsOk());
  check.Eventually([&] { return ReadWholeFile(path).size() >= 5000; });
  check.EXPECT_THAT(ReadWholeFile(path).size(), Eq(5000u),
                    {.text = "bytes of both streams in the file", .code = why::kFileContent});
}

void PlainFileIsAppendedTo(CheckContext& check) {
  const std::string path = absl::StrCat(check.ScratchDirectory(), "/plain.log");
  std::ofstream(path) << "before\n";
  const Task task = check.Run(Program("emit_lines", "2"), CreatedInto(path));
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(task.Delete(), IsOk());
  check.EXPECT_THAT(ReadWholeFile(path), Eq("before\nline 1\nline 2\n"),
                    {.code = why::kFileContent});
}

void MissingPathFailsCreate(CheckContext& check) {
  const Task task =
      check.TryCreate(Program("pause"), CreatedInto(check.ScratchDirectory() + "/no/such/stream"));
  check.EXPECT_THAT(task.create_status(), IsError(), {.text = "streams that do not exist"});
  ExpectNothingLeft(check, task);
}

// --- loggers -------------------------------------------------------------------------------------

void LoggerGetsItsContext(CheckContext& check) {
  const LoggerUri logger = MakeLogger(check, "copy");
  const Task task = check.Run(Program("emit", "10"), CreatedInto(logger.uri));
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(task.Delete(), IsOk());
  const std::vector<std::string> args = Lines(logger.directory + "/args");
  check.ASSERT_THAT(args.size(), Eq(3u), {.text = "argv of the logger", .code = why::kFileContent});
  check.EXPECT_THAT(std::vector<std::string>(args.begin() + 1, args.end()),
                    ElementsAre(logger.directory, "copy"),
                    {.text = "key and value of the query", .code = why::kFileContent});
  check.EXPECT_THAT(Lines(logger.directory + "/env"),
                    UnorderedElementsAre(absl::StrCat("CONTAINER_ID=", task.id()),
                                         absl::StrCat("CONTAINER_NAMESPACE=", check.Namespace())),
                    {.text = "the whole environment of the logger", .code = why::kFileContent});
  check.EXPECT_THAT(Lines(logger.directory + "/fds"), ElementsAre("0", "1", "2", "3", "4", "5"),
                    {.text = "descriptors of the logger", .code = why::kLeftFd});
}

void LoggerOfAnExec(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const LoggerUri logger = MakeLogger(check, "copy");
  ExecOptions options;
  options.stdio = Into(logger.uri);
  const Exec exec = check.Require(task.AddExec(Program("emit", "70000"), options));
  check.ASSERT_THAT(exec.Start(), IsOk());
  check.ASSERT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(exec.Delete(), IsOk());
  ExpectPattern(check, ReadWholeFile(logger.directory + "/stdout"), 70000, "the logger's fd 3");
  check.EXPECT_THAT(ReadWholeFile(logger.directory + "/env"),
                    HasSubstr(absl::StrCat("CONTAINER_ID=", exec.exec_id())),
                    {.text = "an exec's logger is told the exec id", .code = why::kFileContent});
  ExpectLoggerGone(check, logger);
}

void CreateWaitsForTheLogger(CheckContext& check) {
  const LoggerUri logger = MakeLogger(check, "gate");
  const std::string gate = logger.directory + "/gate";
  check.ASSERT_THAT(base::MakeFifo(gate, 0600), IsOk(), {.code = why::kHarness});
  const base::UniqueFd opener =
      check.Require(base::OpenFifoBothEnds(gate, true), {.code = why::kHarness});
  const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
  ShimUnderTest& shim = check.StartShim(bundle);
  const std::unique_ptr<PendingReply> creating = check.CreateAsync(shim, bundle, Into(logger.uri));
  check.ASSERT_THAT(check.Eventually([&] { return PidOf(logger) > 0; }), Eq(true),
                    {.text = "Create starts the logger", .code = why::kProcessState});
  check.Linger(std::chrono::milliseconds(100));
  check.EXPECT_THAT(creating->done(), Eq(false),
                    {.text = "Create is over before the logger is ready", .code = why::kReplyCode});
  check.ASSERT_THAT(::write(opener.get(), "x", 1), Eq(1), {.code = why::kHarness});
  check.EXPECT_THAT(creating->Get(), IsOk(), {.text = "Create once the logger is ready"});
}

void UnreadyLoggerDelaysNobodyElse(CheckContext& check) {
  const Task other = check.Run(Program("pause"));
  const LoggerUri logger = MakeLogger(check, "gate");  // a gate that nobody opens
  check.ASSERT_THAT(base::MakeFifo(logger.directory + "/gate", 0600), IsOk(),
                    {.code = why::kHarness});
  const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
  const std::unique_ptr<PendingReply> creating =
      check.CreateAsync(other.shim(), bundle, Into(logger.uri));
  check.ASSERT_THAT(check.Eventually([&] { return PidOf(logger) > 0; }), Eq(true),
                    {.text = "Create starts the logger", .code = why::kProcessState});
  // State on a connection of its own, with a cap of its own: a delay is a finding, not a hang.
  CallOptions soon;
  soon.deadline = std::chrono::seconds(2);
  check.EXPECT_THAT(other.State(soon), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "State of another container while a logger is not ready",
                     .code = why::kReplyDelayed});
  KillLogger(check, logger);
  (void)creating->Get();  // its end closes the ready pipe, which may count as ready or not
  check.EXPECT_THAT(other.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

void LoggerThatExitsAtOnce(CheckContext& check) {
  const LoggerUri logger = MakeLogger(check, "exit");
  const Task task = check.Run(Program("emit", "1000"), CreatedInto(logger.uri));
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)),
                    {.text = "the process does not care for its logger", .requirement = "REAP-10"});
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(0)));
  ExpectLoggerGone(check, logger);
}

void LoggerThatIsKilled(CheckContext& check) {
  const LoggerUri logger = MakeLogger(check, "copy");
  // Prints what it reads: SIGPIPE would kill it, EPIPE would make it fail.
  CreateOptions options = CreatedInto(logger.uri);
  options.stdio.standard_input = true;
  const Task task = check.Run(Program("cat"), options);
  KillLogger(check, logger);
  ExpectLoggerGone(check, logger);
  check.ASSERT_THAT(task.stdio().WriteInput("into the void\n"), IsOk(), {.code = why::kInputLost});
  check.Linger(std::chrono::milliseconds(50));
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "a process that writes to a dead logger", .code = why::kProcessState});
  check.EXPECT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  CallOptions patient;
  patient.deadline = std::chrono::seconds(15);
  check.EXPECT_THAT(task.Delete(patient), IsOkAndHolds(ExitedWith(137)),
                    {.text = "Delete with a dead logger"});
}

void DeleteEndsTheLogger(CheckContext& check) {
  const LoggerUri logger = MakeLogger(check, "wait");  // does not end by itself
  const Task task = check.Run(Program("emit", "100000"), CreatedInto(logger.uri));
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  CallOptions patient;
  patient.deadline = std::chrono::seconds(15);
  check.ASSERT_THAT(task.Delete(patient), IsOkAndHolds(ExitedWith(0)));
  ExpectLoggerGone(check, logger);
  ExpectPattern(check, ReadWholeFile(logger.directory + "/stdout"), 100000, "the logger's fd 3");
}

void MissingLoggerFailsCreate(CheckContext& check) {
  const Task task = check.TryCreate(Program("pause"), CreatedInto("binary:///no/such/logger"));
  check.EXPECT_THAT(task.create_status(), IsError());
  check.EXPECT_THAT(std::string(task.create_status().message()), HasSubstr("/no/such/logger"),
                    {.text = "the message names the logger", .requirement = "TT-22"});
  ExpectNothingLeft(check, task);
}

void V2LoggerReportsReady(CheckContext& check) {
  const LoggerUri logger = MakeLogger(check, "copy", "binary-v2");
  const Task task = check.TryCreate(Program("emit", "1000"), CreatedInto(logger.uri));
  check.ASSERT_THAT(task.create_status(), IsOk());
  check.ASSERT_THAT(task.Start(), IsOk());
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(task.Delete(), IsOk());
  ExpectPattern(check, ReadWholeFile(logger.directory + "/stdout"), 1000, "the logger's fd 3");
}

void V2LoggerWithoutAByteFailsCreate(CheckContext& check) {
  const LoggerUri logger = MakeLogger(check, "close", "binary-v2");
  const Task task = check.TryCreate(Program("pause"), CreatedInto(logger.uri));
  check.EXPECT_THAT(task.create_status(), IsError(),
                    {.text = "the ready pipe was closed without a byte"});
  check.EXPECT_THAT(std::string(task.create_status().message()), Not(HasSubstr("unknown")),
                    {.text = "refused for its silence, not for its scheme"});
  ExpectNothingLeft(check, task);
  if (PidOf(logger) > 0) ExpectLoggerGone(check, logger);
}

void UnknownSchemeFailsExec(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  ExecOptions options;
  options.stdio = Into("gopher://example/x");
  const absl::StatusOr<Exec> exec = task.AddExec(Program("exit_code", "0"), options);
  const absl::Status refused = exec.ok() ? exec->Start().status() : exec.status();
  check.EXPECT_THAT(refused, IsError());
  check.EXPECT_THAT(std::string(refused.message()), HasSubstr("gopher"),
                    {.text = "the message names the scheme"});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

}  // namespace

void AddStdioLoggerChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  const Needs logger = ToNeeds(Need::kBinaryUri);
  const std::vector<Check> rows = {
      {.id = "stdio/file-uri-takes-both-streams-of-an-exec",
       .requirements = {"IO-20", "STATE-02"},
       .level = Level::kShould,
       .needs = Need::kFileUri | Need::kExec,
       .run = FileTakesBothStreamsOfAnExec},
      {.id = "stdio/a-plain-file-is-appended-to",
       .requirements = {"IO-21"},
       .level = Level::kMay,
       .run = PlainFileIsAppendedTo},
      {.id = "stdio/a-missing-path-fails-create",
       .requirements = {"IO-28", "CREATE-11"},
       .level = Level::kShould,
       .run = MissingPathFailsCreate},
      {.id = "stdio/a-logger-gets-its-context-and-nothing-else",
       .requirements = {"IO-22"},
       .level = Level::kShould,
       .needs = logger,
       .run = LoggerGetsItsContext},
      {.id = "stdio/an-exec-has-a-logger-of-its-own",
       .requirements = {"IO-22"},
       .level = Level::kShould,
       .needs = Need::kBinaryUri | Need::kExec,
       .run = LoggerOfAnExec},
      {.id = "stdio/create-waits-for-the-logger",
       .requirements = {"IO-23"},
       .level = Level::kShould,
       .needs = logger,
       .run = CreateWaitsForTheLogger},
      {.id = "stdio/a-logger-never-ready-delays-nobody-else",
       .requirements = {"TASK-03", "IO-23"},
       .needs = Need::kBinaryUri | Need::kGrouping,
       .run = UnreadyLoggerDelaysNobodyElse},
      {.id = "stdio/a-logger-that-exits-at-once-is-tolerated",
       .requirements = {"IO-23", "REAP-10"},
       .level = Level::kShould,
       .needs = logger,
       .run = LoggerThatExitsAtOnce},
      {.id = "stdio/a-logger-that-is-killed-harms-nobody",
       .requirements = {"REAP-10", "IO-04"},
       .level = Level::kShould,
       .needs = logger,
       .run = LoggerThatIsKilled},
      {.id = "stdio/delete-ends-the-logger",
       .requirements = {"IO-25", "LEAK-02"},
       .level = Level::kShould,
       .needs = logger,
       .run = DeleteEndsTheLogger},
      {.id = "stdio/a-missing-logger-fails-create",
       .requirements = {"IO-23", "CREATE-11"},
       .level = Level::kShould,
       .needs = logger,
       .run = MissingLoggerFailsCreate},
      {.id = "stdio/binary-v2-feeds-a-logger",
       .requirements = {"IO-24"},
       .level = Level::kShould,
       .needs = logger,
       .run = V2LoggerReportsReady},
      {.id = "stdio/binary-v2-insists-on-readiness",
       .requirements = {"IO-24"},
       .level = Level::kShould,
       .needs = logger,
       .run = V2LoggerWithoutAByteFailsCreate},
      {.id = "stdio/an-unknown-scheme-fails-an-exec",
       .requirements = {"IO-27"},
       .level = Level::kShould,
       .needs = exec,
       .run = UnknownSchemeFailsExec},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
