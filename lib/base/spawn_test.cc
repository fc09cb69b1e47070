// SPDX-License-Identifier: Apache-2.0
#include "base/spawn.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "base/pidfd.h"
#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"

namespace base {
namespace {

using testing::ChildProcess;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MakePipe;
using ::testing::Pair;
using testing::Pipe;
using testing::RunResult;
using testing::RunToExit;

SpawnSpec Program(const std::string& path, const std::vector<std::string>& args = {}) {
  SpawnSpec spec;
  spec.path = path;
  spec.argv = {path};
  spec.argv.insert(spec.argv.end(), args.begin(), args.end());
  return spec;
}

SpawnSpec Shell(const std::string& script) { return Program("/bin/sh", {"-c", script}); }

std::string Output(const SpawnSpec& spec) {
  const auto result = RunToExit(spec);
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return "";
  EXPECT_EQ(result->status.ShellStatus(), 0U) << result->err;
  return result->out;
}

// "key value" lines.
std::map<std::string, std::string> Table(const std::string& text) {
  std::map<std::string, std::string> table;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> row = absl::StrSplit(line, absl::MaxSplits(' ', 1));
    table.insert(row);
  }
  return table;
}

// A read end that yields `text` and then EOF.
UniqueFd Holding(absl::string_view text) {
  Pipe pipe = MakePipe().value();
  EXPECT_EQ(::write(pipe.write.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return std::move(pipe.read);
}

class SpawnTest : public testing::ProcessTest {};

TEST_F(SpawnTest, RunsAProgramWithItsArguments) {
  EXPECT_EQ(Output(Program("/usr/bin/printf", {"<%s>", "a b", "", "*", "\"q\""})),
            "<a b><><*><\"q\">");
}

TEST_F(SpawnTest, ArgvZeroIsTheCallersChoice) {
  SpawnSpec spec = Shell("echo $0");
  spec.argv[0] = "other-name";
  EXPECT_EQ(Output(spec), "other-name\n");
}

TEST_F(SpawnTest, ReportsExitCodeAndSignal) {
  EXPECT_EQ(RunToExit(Shell("exit 300"))->status.ShellStatus(), 44U);
  const ExitStatus killed = RunToExit(Shell("kill -TERM $$"))->status;
  EXPECT_EQ(killed.signal, SIGTERM);
  EXPECT_EQ(killed.ShellStatus(), 143U);
}

TEST_F(SpawnTest, GivesAPidfdOfTheChildThatIsCloexec) {
  const Pipe gate = MakePipe().value();
  SpawnSpec spec = Program("/bin/cat");
  spec.fds = {{gate.read.get(), 0}};
  const Child child = Spawn(spec).value();
  EXPECT_EQ(::fcntl(child.pidfd.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_THAT(testing::ReadFile(absl::StrCat("/proc/self/fdinfo/", child.pidfd.get())),
              HasSubstr(absl::StrCat("Pid:\t", child.pid, "\n")));
  EXPECT_TRUE(SendSignal(child.pidfd, SIGKILL).ok());
  EXPECT_EQ(testing::WaitForExit(child.pid)->signal, SIGKILL);
}

TEST_F(SpawnTest, ReturnsOnlyOnceTheImageRuns) {
  const Pipe gate = MakePipe().value();
  SpawnSpec spec = Program("/bin/cat");
  spec.fds = {{gate.read.get(), 0}};
  const Child child = Spawn(spec).value();
  char image[64] = {};
  const std::string link = absl::StrCat("/proc/", child.pid, "/exe");
  ASSERT_GT(::readlink(link.c_str(), image, sizeof(image) - 1), 0);
  EXPECT_THAT(std::string(image), HasSubstr("bin/cat"));
  ASSERT_TRUE(SendSignal(child.pidfd, SIGKILL).ok());
  ASSERT_TRUE(testing::WaitForExit(child.pid).ok());
}

// ---- errors: reported with the step, and no child left (the fixture proves it) ----

void ExpectFailure(const SpawnSpec& spec, absl::StatusCode code, const std::string& text) {
  const auto child = Spawn(spec);
  ASSERT_FALSE(child.ok());
  EXPECT_EQ(child.status().code(), code) << child.status();
  EXPECT_THAT(std::string(child.status().message()), HasSubstr(text));
}

TEST_F(SpawnTest, AMissingProgramIsNotFound) {
  ExpectFailure(Program("/nonexistent/runc"), absl::StatusCode::kNotFound,
                "execve /nonexistent/runc: No such file or directory");
}

TEST_F(SpawnTest, AFileWithoutExecutePermissionIsDenied) {
  testing::WriteFile(temp_.File("plain"), "#!/bin/sh\n", 0644);
  ExpectFailure(Program(temp_.File("plain")), absl::StatusCode::kPermissionDenied,
                "Permission denied");
}

TEST_F(SpawnTest, AFileThatIsNoProgramIsInternal) {
  testing::WriteFile(temp_.File("noise"), "noise", 0755);
  ExpectFailure(Program(temp_.File("noise")), absl::StatusCode::kInternal, "Exec format error");
}

TEST_F(SpawnTest, AMissingInterpreterIsNotFound) {
  testing::WriteFile(temp_.File("script"), "#!/nonexistent\n", 0755);
  ExpectFailure(Program(temp_.File("script")), absl::StatusCode::kNotFound, "execve ");
}

TEST_F(SpawnTest, AnArgumentTooLongIsReported) {
  ExpectFailure(Program("/bin/true", {std::string(1 << 20, 'x')}), absl::StatusCode::kInternal,
                "Argument list too long");
}

TEST_F(SpawnTest, AMissingWorkingDirectoryIsNotFound) {
  SpawnSpec spec = Program("/bin/true");
  spec.cwd = "/nonexistent";
  ExpectFailure(spec, absl::StatusCode::kNotFound, "chdir /nonexistent: No such file");
}

TEST_F(SpawnTest, AnUnopenedSourceIsReportedWithItsTarget) {
  for (const int target : {0, 5, 2000}) {
    SpawnSpec spec = Program("/bin/true");
    spec.fds = {{1999, target}};
    ExpectFailure(spec, absl::StatusCode::kInternal,
                  absl::StrCat("dup to descriptor ", target, ": Bad file descriptor"));
  }
}

TEST_F(SpawnTest, AnUnknownDeathSignalIsRefused) {
  SpawnSpec spec = Program("/bin/true");
  spec.parent_death_signal = 1000;
  ExpectFailure(spec, absl::StatusCode::kInvalidArgument, "PR_SET_PDEATHSIG 1000");
}

TEST_F(SpawnTest, MalformedSpecsAreRefusedBeforeAnythingStarts) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  SpawnSpec no_argv = Program("/bin/true");
  no_argv.argv.clear();
  ExpectFailure(no_argv, kInvalid, "argv is empty");
  ExpectFailure(Program(""), kInvalid, "path is empty");
  ExpectFailure(Program("bin/true"), kInvalid, "relative path bin/true");
  ExpectFailure(Program("/bin/true", {std::string("a\0b", 3)}), kInvalid, "NUL");
  SpawnSpec nul_env = Program("/bin/true");
  nul_env.env = {std::string("A=\0", 3)};
  ExpectFailure(nul_env, kInvalid, "NUL");
  SpawnSpec twice = Program("/bin/true");
  twice.fds = {{0, 5}, {1, 5}};
  ExpectFailure(twice, kInvalid, "descriptor 5 mapped twice");
  SpawnSpec negative = Program("/bin/true");
  negative.fds = {{-1, 5}};
  ExpectFailure(negative, kInvalid, "mapping -1 to 5");
}

// ---- PATH ----

class SpawnPathTest : public SpawnTest {
 protected:
  SpawnPathTest() : saved_(std::getenv("PATH")) {
    for (const std::string folder : {"first", "second"}) {
      EXPECT_EQ(::mkdir(temp_.File(folder).c_str(), 0755), 0);
    }
    SetPath(absl::StrCat(temp_.File("first"), ":", temp_.File("second")));
  }
  ~SpawnPathTest() override { SetPath(saved_); }
  static void SetPath(const std::string& value) { ::setenv("PATH", value.c_str(), 1); }
  void Script(const std::string& name, const std::string& says, unsigned mode) {
    testing::WriteFile(temp_.File(name), absl::StrCat("#!/bin/sh\necho ", says, "\n"), mode);
  }
  std::string saved_;
};

TEST_F(SpawnPathTest, TakesTheFirstUsableProgram) {
  Script("first/tool", "not-executable", 0644);
  Script("second/tool", "second", 0755);
  EXPECT_EQ(Output(Program("tool")), "second\n");
  Script("first/tool", "first", 0755);
  EXPECT_EQ(Output(Program("tool")), "first\n");
}

TEST_F(SpawnPathTest, SkipsFoldersOfThatName) {
  ASSERT_EQ(::mkdir(temp_.File("first/tool").c_str(), 0755), 0);
  Script("second/tool", "second", 0755);
  EXPECT_EQ(Output(Program("tool")), "second\n");
}

TEST_F(SpawnPathTest, SaysWhetherNothingOrNothingUsableWasFound) {
  ExpectFailure(Program("tool"), absl::StatusCode::kNotFound, "search tool in PATH");
  Script("first/tool", "x", 0644);
  ExpectFailure(Program("tool"), absl::StatusCode::kPermissionDenied, "search tool in PATH");
}

TEST_F(SpawnPathTest, IgnoresEntriesThatAreNotAbsolute) {
  Script("first/tool", "x", 0755);
  SetPath(":.:first:");
  ExpectFailure(Program("tool"), absl::StatusCode::kNotFound, "search tool in PATH");
}

TEST_F(SpawnPathTest, SearchesOurPathNotTheChilds) {
  Script("first/tool", "found", 0755);
  SpawnSpec spec = Program("tool");
  spec.env = {"PATH=/nonexistent"};
  EXPECT_EQ(Output(spec), "found\n");
}

// ---- environment, working directory ----

TEST_F(SpawnTest, EnvironmentIsInheritedReplacedOrEmpty) {
  ::setenv("SPAWN_TEST", "from the parent", 1);
  EXPECT_EQ(Output(Program("/usr/bin/printenv", {"SPAWN_TEST"})), "from the parent\n");
  SpawnSpec replaced = Program("/usr/bin/env");
  replaced.env = {"A=1", "B=two words"};
  EXPECT_EQ(Output(replaced), "A=1\nB=two words\n");
  replaced.env = std::vector<std::string>();
  EXPECT_EQ(Output(replaced), "");
  ::unsetenv("SPAWN_TEST");
}

TEST_F(SpawnTest, WorkingDirectoryIsInheritedOrSet) {
  char here[4096];
  ASSERT_NE(::getcwd(here, sizeof(here)), nullptr);
  EXPECT_EQ(Table(Output(ChildProcess("identity")))["cwd"], here);
  SpawnSpec spec = ChildProcess("identity");
  spec.cwd = temp_.path();
  EXPECT_EQ(Table(Output(spec))["cwd"], temp_.path());
}

// ---- descriptors ----

TEST_F(SpawnTest, UnmappedStandardStreamsAreDevNull) {
  Pipe out = MakePipe().value();
  SpawnSpec spec = ChildProcess("list_fds", {"7"});
  spec.fds = {{out.write.get(), 7}};
  const Child child = Spawn(spec).value();
  out.write.reset();
  const auto fds = Table(testing::ReadToEof(out.read));
  EXPECT_THAT(fds, ElementsAre(Pair("0", "/dev/null"), Pair("1", "/dev/null"),
                               Pair("2", "/dev/null"), Pair("7", HasSubstr("pipe:"))));
  EXPECT_EQ(testing::WaitForExit(child.pid)->ShellStatus(), 0U);
}

TEST_F(SpawnTest, NothingElseReachesTheChild) {
  const UniqueFd cloexec(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  // What a careless parent of ours would leak: no close-on-exec.
  const UniqueFd leaky(::open("/dev/zero", O_RDONLY));
  const UniqueFd far(::fcntl(leaky.get(), F_DUPFD, 500));
  SpawnSpec spec = ChildProcess("list_fds", {"1"});
  spec.fds = {{cloexec.get(), 9}};
  const auto fds = Table(Output(spec));
  EXPECT_THAT(fds, ElementsAre(Pair("0", HasSubstr("pipe:")), Pair("1", HasSubstr("pipe:")),
                               Pair("2", HasSubstr("pipe:")), Pair("9", "/dev/zero")));
}

TEST_F(SpawnTest, MappingsMayOverlapInAnyWay) {
  const UniqueFd a = Holding("aaa");
  const UniqueFd b = Holding("bbb");
  const UniqueFd c = Holding("ccc");
  // A ring (a to b's number, b to c's, c to a's), each also far away, one onto its own number.
  SpawnSpec spec = ChildProcess(
      "read_fds", {absl::StrCat(a.get()), absl::StrCat(b.get()), absl::StrCat(c.get())});
  spec.fds = {{a.get(), b.get()}, {b.get(), c.get()}, {c.get(), a.get()}, {a.get(), 300}};
  EXPECT_EQ(Table(Output(spec)), (std::map<std::string, std::string>{
                                     {absl::StrCat(a.get()), "ccc"},
                                     {absl::StrCat(b.get()), "aaa"},
                                     {absl::StrCat(c.get()), "bbb"},
                                 }));
}

TEST_F(SpawnTest, ASourceMayBeItsOwnTarget) {
  const UniqueFd fd = Holding("same");
  SpawnSpec spec = ChildProcess("read_fds", {absl::StrCat(fd.get())});
  spec.fds = {{fd.get(), fd.get()}};
  EXPECT_EQ(Output(spec), absl::StrCat(fd.get(), " same\n"));
  EXPECT_EQ(::fcntl(fd.get(), F_GETFD), FD_CLOEXEC) << "the parent's flag changed";
}

TEST_F(SpawnTest, OneSourceMayServeManyTargets) {
  const Pipe out = MakePipe().value();
  SpawnSpec spec = Shell("echo 1; echo 2 >&2; echo 5 >&5");
  for (const int target : {1, 2, 5}) spec.fds.push_back({out.write.get(), target});
  const Child child = Spawn(spec).value();
  EXPECT_EQ(testing::WaitForExit(child.pid)->ShellStatus(), 0U);
  for (const std::string line : {"1\n", "2\n", "5\n"}) EXPECT_EQ(testing::ReadLine(out.read), line);
}

TEST_F(SpawnTest, StandardStreamsMayBeSwapped) {
  Pipe out = MakePipe().value();
  Pipe err = MakePipe().value();
  const UniqueFd saved_out(::fcntl(1, F_DUPFD_CLOEXEC, 10));
  const UniqueFd saved_err(::fcntl(2, F_DUPFD_CLOEXEC, 10));
  ::dup2(out.write.get(), 1);
  ::dup2(err.write.get(), 2);
  SpawnSpec spec = Shell("echo to-1; echo to-2 >&2");
  spec.fds = {{1, 2}, {2, 1}};
  const auto child = Spawn(spec);
  ::dup2(saved_out.get(), 1);
  ::dup2(saved_err.get(), 2);
  ASSERT_TRUE(child.ok()) << child.status();
  out.write.reset();
  err.write.reset();
  EXPECT_EQ(testing::ReadToEof(out.read), "to-2\n");
  EXPECT_EQ(testing::ReadToEof(err.read), "to-1\n");
  EXPECT_EQ(testing::WaitForExit(child->pid)->ShellStatus(), 0U);
}

TEST_F(SpawnTest, WorksWhileOurOwnStandardInputIsClosed) {
  Pipe out = MakePipe().value();
  const UniqueFd saved(::fcntl(0, F_DUPFD_CLOEXEC, 10));
  ::close(0);
  SpawnSpec spec = ChildProcess("list_fds", {"3"});
  spec.fds = {{out.write.get(), 3}};
  const auto child = Spawn(spec);
  ::dup2(saved.get(), 0);
  ASSERT_TRUE(child.ok()) << child.status();
  out.write.reset();
  EXPECT_EQ(Table(testing::ReadToEof(out.read))["0"], "/dev/null");
  EXPECT_EQ(testing::WaitForExit(child->pid)->ShellStatus(), 0U);
}

// ---- groups, sessions ----

TEST_F(SpawnTest, GroupIsInheritedOwnOrASession) {
  const auto identity = [](SpawnSpec::Group group) {
    SpawnSpec spec = ChildProcess("identity");
    spec.group = group;
    return Table(Output(spec));
  };
  auto inherit = identity(SpawnSpec::Group::kInherit);
  EXPECT_EQ(inherit["ppid"], absl::StrCat(::getpid()));
  EXPECT_EQ(inherit["pgid"], absl::StrCat(::getpgrp()));
  EXPECT_EQ(inherit["sid"], absl::StrCat(::getsid(0)));
  auto own = identity(SpawnSpec::Group::kOwn);
  EXPECT_EQ(own["pgid"], own["pid"]);
  EXPECT_EQ(own["sid"], absl::StrCat(::getsid(0)));
  auto session = identity(SpawnSpec::Group::kSession);
  EXPECT_EQ(session["pgid"], session["pid"]);
  EXPECT_EQ(session["sid"], session["pid"]);
}

// ---- signals ----

std::map<std::string, std::string> SignalLines(const std::string& status) {
  std::map<std::string, std::string> lines;
  for (const absl::string_view line : absl::StrSplit(status, '\n')) {
    const std::pair<std::string, std::string> row = absl::StrSplit(line, absl::MaxSplits('\t', 1));
    lines.insert(row);
  }
  return lines;
}

TEST_F(SpawnTest, ChildStartsWithDefaultSignalsWhateverOursAre) {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  const int ignored[] = {SIGPIPE, SIGCHLD, SIGUSR1, SIGRTMIN + 5, 64};
  std::map<int, struct sigaction> before;
  for (const int signo : ignored) ::sigaction(signo, &ignore, &before[signo]);
  sigset_t all;
  sigset_t mask_before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &mask_before);
  // SIGCHLD is ignored, so this child reaps itself: only its output counts.
  Pipe out = MakePipe().value();
  SpawnSpec spec = Program("/bin/cat", {"/proc/self/status"});
  spec.fds = {{out.write.get(), 1}};
  const auto child = Spawn(spec);
  out.write.reset();
  auto lines = SignalLines(testing::ReadToEof(out.read));
  for (const int signo : ignored) ::sigaction(signo, &before[signo], nullptr);
  if (child.ok()) (void)testing::WaitForExit(child->pid);
  ::pthread_sigmask(SIG_SETMASK, &mask_before, nullptr);
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_EQ(lines["SigBlk:"], "0000000000000000");
  EXPECT_EQ(lines["SigIgn:"], "0000000000000000");
  EXPECT_EQ(lines["SigCgt:"], "0000000000000000");
}

pid_t g_handler_owner = 0;
volatile sig_atomic_t g_handled_here = 0;
volatile sig_atomic_t g_handled_elsewhere = 0;

TEST_F(SpawnTest, NoHandlerOfOursRunsInTheChild) {
  g_handler_owner = ::getpid();
  struct sigaction action {};
  struct sigaction before {};
  action.sa_flags = SA_RESTART;
  action.sa_handler = [](int) {
    if (::syscall(SYS_getpid) == g_handler_owner) {
      g_handled_here = 1;
    } else {
      g_handled_elsewhere = 1;  // the memory is shared, so we would see it
    }
  };
  ::sigaction(SIGALRM, &action, &before);
  const itimerval often{{0, 200}, {0, 200}};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  for (int i = 0; i < 200 || g_handled_here == 0; ++i) {
    const auto child = Spawn(Program("/bin/true"));
    ASSERT_TRUE(child.ok()) << child.status();
    EXPECT_EQ(testing::WaitForExit(child->pid)->ShellStatus(), 0U);
  }
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  EXPECT_EQ(g_handled_elsewhere, 0);
}

// ---- repeated use ----

TEST_F(SpawnTest, TheChildIsTheFirstOfItsNamespaces) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes namespaces";
  SpawnSpec spec = Program("/bin/sh", {"-c", "echo $$; readlink /proc/self/ns/uts"});
  spec.namespaces = CLONE_NEWPID | CLONE_NEWUTS;
  spec.parent_death_signal = SIGKILL;  // the parent is no process of the child's namespace
  const std::vector<std::string> lines = absl::StrSplit(Output(spec), '\n');
  ASSERT_GE(lines.size(), 2u);
  EXPECT_EQ(lines[0], "1");
  EXPECT_THAT(lines[1], ::testing::StartsWith("uts:["));
  EXPECT_EQ(Output(Program("/bin/readlink", {"/proc/self/ns/uts"})).find(lines[1]),
            std::string::npos);
}

TEST_F(SpawnTest, TheChildJoinsAnExistingPidNamespaceAndTheNextOneDoesNot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes namespaces";
  const Pipe gate = MakePipe().value();
  SpawnSpec first = Program("/bin/cat");
  first.fds = {{gate.read.get(), 0}};
  first.namespaces = CLONE_NEWPID;
  const Child init = Spawn(first).value();
  const UniqueFd inside(
      ::open(absl::StrCat("/proc/", init.pid, "/ns/pid").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(inside.ok());
  SpawnSpec second = Shell("echo $$");
  second.pid_namespace = inside.get();
  EXPECT_EQ(Output(second), "2\n");
  second.path = "/no/such/program";
  EXPECT_EQ(Spawn(second).status().code(), absl::StatusCode::kNotFound);
  EXPECT_GT(std::stol(Output(Shell("echo $$"))), 3) << "back in ours";
  second.namespaces = CLONE_NEWPID;
  EXPECT_EQ(Spawn(second).status().code(), absl::StatusCode::kInvalidArgument);
  second.namespaces = 0;
  second.pid_namespace = gate.read.get();
  EXPECT_EQ(Spawn(second).status().code(), absl::StatusCode::kInvalidArgument) << "no namespace";
  ASSERT_TRUE(SendSignal(init.pidfd, SIGKILL).ok());
  EXPECT_EQ(testing::WaitForExit(init.pid)->signal, SIGKILL);
}

TEST_F(SpawnTest, TheChildJoinsAnExistingNetworkNamespace) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes namespaces";
  const Pipe gate = MakePipe().value();
  SpawnSpec first = Program("/bin/cat");
  first.fds = {{gate.read.get(), 0}};
  first.namespaces = CLONE_NEWNET;
  const Child other = Spawn(first).value();
  const std::string path = absl::StrCat("/proc/", other.pid, "/ns/net");
  const UniqueFd inside(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(inside.ok());
  const std::string its_name = Output(Shell(absl::StrCat("readlink ", path)));
  SpawnSpec second = Shell("readlink /proc/self/ns/net");
  EXPECT_NE(Output(second), its_name);
  second.network_namespace = inside.get();
  EXPECT_EQ(Output(second), its_name);
  second.namespaces = CLONE_NEWNET;
  EXPECT_EQ(Spawn(second).status().code(), absl::StatusCode::kInvalidArgument);
  second.namespaces = 0;
  second.network_namespace = gate.read.get();
  EXPECT_THAT(std::string(Spawn(second).status().message()),
              ::testing::HasSubstr("setns to the network namespace"))
      << "no namespace";
  ASSERT_TRUE(SendSignal(other.pidfd, SIGKILL).ok());
  EXPECT_EQ(testing::WaitForExit(other.pid)->signal, SIGKILL);
}

TEST_F(SpawnTest, AFailureInFreshNamespacesLeavesNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes namespaces";
  SpawnSpec spec = Program("/no/such/program");
  spec.namespaces = CLONE_NEWPID | CLONE_NEWNS;
  EXPECT_EQ(Spawn(spec).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SpawnTest, OnlyNamespaceFlagsAreTakenAsNamespaces) {
  SpawnSpec spec = Program("/bin/true");
  spec.namespaces = CLONE_NEWPID | CLONE_FILES;
  EXPECT_EQ(Spawn(spec).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SpawnTest, ASpecIsReusable) {
  const SpawnSpec spec = Shell("echo again");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Output(spec), "again\n");
}

TEST_F(SpawnTest, AThousandFailuresLeaveNothing) {
  for (int i = 0; i < 1000; ++i) ASSERT_FALSE(Spawn(Program("/nonexistent")).ok());
}

}  // namespace
}  // namespace base
