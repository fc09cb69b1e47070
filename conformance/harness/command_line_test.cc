// SPDX-License-Identifier: Apache-2.0
// The judge as its users see it: a process with a command line, outputs and an exit code. The
// checks are toys, everything else is real.
#include "conformance/harness/command_line.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>

#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "conformance/harness/cgroup_tree.h"
#include "conformance/harness/mount_table.h"
#include "conformance/harness/toy_judge.h"
#include "conformance/reports/result_file.h"

namespace conformance {
namespace {

using base::testing::ReadFile;
using base::testing::RunResult;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class CommandLineTest : public base::testing::ProcessTest {
 protected:
  CommandLineTest() {
    base::testing::WriteFile(temp_.File("shim"), "#!/bin/sh\nexec sleep 1000\n", 0755);
    base::testing::WriteFile(temp_.File("unusable"), "", 0755);
  }

  RunResult Judge(const std::vector<std::string>& arguments) {
    const absl::StatusOr<RunResult> result = base::testing::RunToExit(ToyJudge(arguments));
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return RunResult();
    judge_ = result->status.pid;
    return *result;
  }

  std::vector<std::string> RunArguments(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {
        "run", "--shim", temp_.File("shim"), "--fixtures", temp_.path(), "--seed", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  RunResult Run(const std::vector<std::string>& more) { return Judge(RunArguments(more)); }

  pid_t judge_ = 0;  // of the latest judge
};

// Tests that make worlds; the host must be the same afterwards.
class JudgeRunTest : public CommandLineTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes worlds";
    // What tests beside this one mount does not come here.
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    mounts_ = ReadMountTable()->size();
  }
  void TearDown() override {
    EXPECT_EQ(ReadMountTable()->size(), mounts_);
    const CgroupTree tree = *CgroupTree::Open("/");
    for (const std::string& hierarchy : tree.hierarchies()) {
      for (const auto& entry : std::filesystem::directory_iterator(hierarchy)) {
        const std::string name = entry.path().filename().string();
        EXPECT_FALSE(absl::StartsWith(name, "shimgauge-") &&
                     absl::EndsWith(name, absl::StrCat("-", judge_)))
            << entry.path();
      }
    }
  }
  std::size_t mounts_ = 0;
};

TEST_F(CommandLineTest, HelpAndVersionSucceed) {
  const RunResult help = Judge({"--help"});
  EXPECT_EQ(help.status.code, 0);
  EXPECT_THAT(help.out, AllOf(HasSubstr("run"), HasSubstr("list"), Not(HasSubstr("worker"))));
  const RunResult run_help = Judge({"run", "--help"});
  EXPECT_EQ(run_help.status.code, 0);
  EXPECT_THAT(run_help.out, AllOf(HasSubstr("Examples:"), HasSubstr("Exit codes:")));
  const RunResult version = Judge({"--version"});
  EXPECT_EQ(version.status.code, 0);
  EXPECT_THAT(version.out, StartsWith("shimgauge "));
}

TEST_F(CommandLineTest, MistakesAreOneSentenceAndExitTwo) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "no command given"},
      {{"jump"}, "'jump' is no command"},
      {{"run", "--colour"}, "--colour"},
      {{"run"}, "no shim"},
      {{"run", "--shim", "/no/such"}, "--shim: /no/such: No such file"},
      {{"run", "--shim", "no-such-shim"}, "no program no-such-shim in PATH"},
      {{"run", "--shim", temp_.path()}, "is a directory"},
      {RunArguments({"--report", "pdf=x"}), "unknown format 'pdf'"},
      {RunArguments({"--report", "json"}), "no file; write json=FILE"},
      {RunArguments({"--report", "json=/no/dir/x"}), "/no/dir/x: No such file"},
      {RunArguments({"--report", "json=-", "--report", "jsonl=-"}), "only one format"},
      {RunArguments({"--report", "json=x", "--report", "md=x"}), "only one format can go to x"},
      {RunArguments({"--shard", "5/4"}), "--shard 5/4"},
      {RunArguments({"--durations", "x"}), "give --shard as well"},
      {RunArguments({"--shard", "1/2", "--durations", "/no/such"}), "/no/such: No such file"},
      {RunArguments({"--order", "random"}), "--order random"},
      {RunArguments({"--order", "failed-first"}), "--since RESULT go together"},
      {RunArguments({"--order", "failed-first", "--since", "/no/such"}), "/no/such: No such file"},
      {RunArguments({"--until-fail", "--repeat", "3"}), "exclude each other"},
      {RunArguments({"--soak", "soon"}), "--soak soon"},
      {RunArguments({"--retry-unexpected", "-1"}), "--retry-unexpected"},
      {RunArguments({"--plan", "/no/plan"}), "/no/plan: No such file"},
      {RunArguments({"changed-since:/no/such"}), "/no/such: No such file"},
      {{"diff", "/no/such"}, "the later result"},
      {{"diff", "/no/such", "/no/other"}, "/no/such: No such file"},
      {{"diff", "/", "/"}, "/: Is a directory"},
      {RunArguments({"--plan", "/"}), "/: Is a directory"},
      {{"diff", temp_.File("shim"), temp_.File("shim")}, "no JSON"},
      {{"merge"}, "RESULT is missing"},
      {{"merge", "/no/such"}, "/no/such: No such file"},
      {{"merge", temp_.File("shim")}, "no JSON"},
      {{"repro"}, "DIR/CHECK is missing"},
      {{"repro", "/no/such"}, "/no/such: no recording"},
      {{"repro", temp_.File("shim")}, "no recording"},
      {RunArguments({"--keep", "some"}), "--keep some"},
      {RunArguments({"--engine", "/no/engine"}), "--engine: /no/engine is no program"},
      {RunArguments({"--engine", "faked"}), "the choices are real, fake and the path"},
      {RunArguments({"--priv", "wheel"}), "the choices are auto, root and userns"},
      {RunArguments({"--level", "may"}), "--level may"},
      {{"run", "--shim", temp_.File("shim"), "--seed", "xyz"}, "hexadecimal"},
      {RunArguments({"--repeat", "0"}), "--repeat"},
      {RunArguments({"-j", "-1"}), "-j"},
      {RunArguments({"--deadline-scale", "0"}), "--deadline-scale"},
      {RunArguments({"--containerd-ns", "a/b"}), "--containerd-ns"},
      {RunArguments({"--profile", "/no/profile"}), "/no/profile: No such file"},
      {RunArguments({"--expect", "/no/expect"}), "/no/expect: No such file"},
      {RunArguments({"shape:round"}), "unknown prefix 'shape:'"},
  };
  for (const auto& [arguments, message] : cases) {
    const RunResult result = Judge(arguments);
    EXPECT_EQ(result.status.code, 2) << message << "\n" << result.err;
    EXPECT_THAT(result.err, AllOf(StartsWith("shimgauge: "), HasSubstr(message)));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_THAT(result.out, IsEmpty()) << message;
  }
}

TEST_F(CommandLineTest, NothingSelectedIsExitFiveWithSuggestions) {
  const RunResult typo = Run({"toy/pases"});
  EXPECT_EQ(typo.status.code, 5);
  EXPECT_THAT(typo.err, HasSubstr("no check matches 'toy/pases'; did you mean toy/passes"));
  EXPECT_EQ(Run({"toy/passes", "toy/pases"}).status.code, 5);
  EXPECT_EQ(Run({"!*"}).status.code, 5);
}

TEST_F(CommandLineTest, AShimInThePlaceOfACheckIsAUsageError) {
  for (const char* word : {"containerd-shim-runc-v2", "./my-shim", "/usr/bin/shim", "../shim"}) {
    const RunResult result = Run({word});
    EXPECT_EQ(result.status.code, 2) << word;
    EXPECT_THAT(result.err, HasSubstr("the shim to judge is given with --shim")) << word;
  }
}

TEST_F(CommandLineTest, ListTellsWhatWouldRun) {
  const RunResult all = Judge({"list"});
  EXPECT_EQ(all.status.code, 0);
  EXPECT_THAT(all.out,
              AllOf(HasSubstr("MUST    toy/passes  EVT-20"), HasSubstr("MAY     toy/may-fail")));
  const RunResult some = Judge({"list", "level:may"});
  EXPECT_THAT(some.out, HasSubstr("1 check, 1 to run"));
  const RunResult json = Judge({"list", "toy/passes", "--json"});
  EXPECT_THAT(json.out, AllOf(StartsWith("["), HasSubstr("\"id\": \"toy/passes\"")));
  const RunResult why = Judge({"list", "--why", "toy/may-fail", "--level", "must"});
  EXPECT_THAT(why.out, AllOf(HasSubstr("selected  yes"), HasSubstr("no: level")));
  EXPECT_THAT(why.out, HasSubstr("judges    EVT-20 MUST: "));
  EXPECT_EQ(Judge({"list", "--why", "toy/nothing"}).status.code, 5);
  EXPECT_EQ(Judge({"list", "nowhere"}).status.code, 5);
}

TEST_F(JudgeRunTest, AGreenRunIsExitZero) {
  const RunResult result = Run({"toy/passes", "toy/inspects", "toy/skips", "toy/may-fail"});
  EXPECT_EQ(result.status.code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("CONFORMANT   MUST 2/2"));
  EXPECT_THAT(result.out, HasSubstr("4 checks: 2 pass, 2 skip"));
  EXPECT_THAT(result.out, HasSubstr("version 1.2.3"));
  EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(result.out, Not(HasSubstr("\r")));
}

TEST_F(JudgeRunTest, ARedRunIsExitOneWithEvidence) {
  const RunResult result = Run({"toy/passes", "toy/fails"});
  EXPECT_EQ(result.status.code, 1) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("FAIL   toy/fails   MUST  EVT-20"));
  EXPECT_THAT(result.out, HasSubstr("expected  a toy that works"));
  EXPECT_THAT(result.out, HasSubstr("NOT CONFORMANT   MUST 1/2"));
  EXPECT_THAT(result.out, HasSubstr("again     shimgauge run --shim " + temp_.File("shim") +
                                    " --fixtures " + temp_.path() + " toy/fails --seed 2"));
  EXPECT_THAT(result.out, HasSubstr("exit 1: 1 unexpected verdict"));
}

TEST_F(JudgeRunTest, ACrashOfTheCheckCostsOneVerdictAndIsExitFour) {
  const RunResult result = Run({"toy/passes", "toy/aborts", "toy/vacuous", "toy/babbles"});
  EXPECT_EQ(result.status.code, 4) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("4 checks: 1 pass, 3 error"));
}

TEST_F(JudgeRunTest, ExpectationsTurnKnownFailuresGreen) {
  const std::string file = temp_.File("e.toml");
  base::testing::WriteFile(file,
                           "schema = 1\n[[expect]]\ncheck = \"toy/fails\"\nresult = \"fail\"\n"
                           "why = \"reply.code\"\nissue = \"#1\"\n");
  const RunResult expected = Run({"toy/passes", "toy/fails", "--expect", file});
  EXPECT_EQ(expected.status.code, 0) << expected.out << expected.err;
  EXPECT_THAT(expected.out, HasSubstr("NOT CONFORMANT   MUST 1/2 (1 expected)"));
  EXPECT_THAT(expected.out, HasSubstr("2 checks: 1 pass, 1 xfail"));

  base::testing::WriteFile(file,
                           "schema = 1\n[[expect]]\ncheck = \"toy/gone\"\nresult = \"fail\"\n"
                           "why = \"reply.code\"\nissue = \"#1\"\n");
  const RunResult stale = Run({"toy/passes", "--expect", file});
  EXPECT_EQ(stale.status.code, 1);
  EXPECT_THAT(stale.out, HasSubstr("no check matches \"toy/gone\""));
}

TEST_F(JudgeRunTest, RepeatsThatDisagreeAreFlaky) {
  const RunResult result = Run({"toy/flaky", "--repeat", "12", "--shuffle", "-j", "3"});
  EXPECT_EQ(result.status.code, 1) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("FLAKY  toy/flaky"));
  EXPECT_THAT(result.out, HasSubstr("of 12 attempts)"));
}

TEST_F(JudgeRunTest, AnUnusableShimFailsEverythingButBootstrapAtOnce) {
  const RunResult result =
      Judge({"run", "--shim", temp_.File("unusable"), "--fixtures", temp_.path(), "--report",
             "jsonl=-", "bootstrap", "toy/passes", "toy/spins"});
  EXPECT_EQ(result.status.code, 1) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr(R"("actual":"fail")"));
  EXPECT_THAT(result.out, HasSubstr(R"("pass":1,"fail":2)"));
  EXPECT_THAT(result.out, HasSubstr("start.failed"));
}

TEST_F(JudgeRunTest, FailFastLeavesTheRestNotRun) {
  const RunResult result = Run({"toy/fails", "toy/spins", "-j", "1", "--fail-fast"});
  EXPECT_EQ(result.status.code, 1) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("1 fail, 1 notrun"));
}

TEST_F(JudgeRunTest, AllReportsAndTheRecordingAreWritten) {
  const RunResult result =
      Run({"toy/passes", "toy/fails", "--report", "jsonl=" + temp_.File("o.jsonl"), "--report",
           "json=" + temp_.File("o.json"), "--report", "junit=" + temp_.File("o.xml"), "--report",
           "text=" + temp_.File("o.txt"), "--record", temp_.File("rec")});
  EXPECT_EQ(result.status.code, 1);
  EXPECT_THAT(ReadFile(temp_.File("o.jsonl")), HasSubstr(R"({"t":"run.end")"));
  EXPECT_THAT(ReadFile(temp_.File("o.json")), HasSubstr("\"exit_code\": 1"));
  EXPECT_THAT(ReadFile(temp_.File("o.xml")), HasSubstr("</testsuites>"));
  EXPECT_THAT(ReadFile(temp_.File("o.txt")), HasSubstr("PASS   toy/passes"));
  EXPECT_THAT(ReadFile(temp_.File("rec/toy/fails.1/evidence.txt")), HasSubstr("a toy that works"));
  EXPECT_FALSE(std::filesystem::exists(temp_.File("rec/toy/passes.1")));
}

TEST_F(JudgeRunTest, UntilFailStopsAtTheFirstRedRound) {
  const RunResult result = Run({"toy/flaky", "toy/passes", "--until-fail"});
  EXPECT_EQ(result.status.code, 1) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("FLAKY  toy/flaky"));
  EXPECT_THAT(result.out, HasSubstr("(1 of "));
}

TEST_F(JudgeRunTest, UntilFailCanFailInItsFirstRound) {
  const RunResult result = Run({"toy/fails", "toy/passes", "--until-fail", "-j", "1"});
  EXPECT_EQ(result.status.code, 1) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("2 checks: 0 pass, 1 fail, 1 notrun"));
}

TEST_F(JudgeRunTest, SoakEndsWithAFullRound) {
  const RunResult result =
      Run({"toy/passes", "toy/inspects", "--soak", "1s", "--report", "json=" + temp_.File("o")});
  EXPECT_EQ(result.status.code, 0) << result.out << result.err;
  const absl::StatusOr<ResultFile> file = ResultFile::Read(temp_.File("o"));
  ASSERT_TRUE(file.ok()) << file.status();
  const std::vector<CheckResult>& results = file->finished().results;
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].attempts.size(), results[1].attempts.size());
}

TEST_F(JudgeRunTest, RetriesTellFlakyFromFailing) {
  const RunResult failing = Run({"toy/fails", "--retry-unexpected", "2"});
  EXPECT_EQ(failing.status.code, 1) << failing.out << failing.err;
  EXPECT_THAT(failing.out, HasSubstr("(3 of 3 attempts)"));
  const RunResult green = Run({"toy/passes", "--retry-unexpected", "2", "--report", "jsonl=-"});
  EXPECT_THAT(green.out, Not(HasSubstr(R"("attempt":2)")));
  // An odd seed fails at first; the seeds that follow from it are of both kinds.
  const RunResult flaky = Judge({"run", "--shim", temp_.File("shim"), "--fixtures", temp_.path(),
                                 "--seed", "3", "toy/flaky", "--retry-unexpected", "100"});
  EXPECT_EQ(flaky.status.code, 1) << flaky.out << flaky.err;
  EXPECT_THAT(flaky.out, HasSubstr("FLAKY  toy/flaky"));
}

TEST_F(JudgeRunTest, StrictRefusesWhatTheHostCannotDo) {
  EXPECT_EQ(Run({"toy/passes", "toy/skips"}).status.code, 0);
  const RunResult strict = Run({"toy/passes", "toy/skips", "--strict"});
  EXPECT_EQ(strict.status.code, 1) << strict.out << strict.err;
  EXPECT_THAT(strict.out,
              HasSubstr("exit 1: 1 check skipped for want of something on this host (--strict)"));
}

TEST_F(JudgeRunTest, ShardsAreMergedIntoTheWholeRun) {
  const std::vector<std::string> checks = {"toy/passes", "toy/fails", "toy/skips", "toy/inspects"};
  std::vector<std::string> merge = {"merge", "--report", "json=" + temp_.File("all")};
  for (const char* const shard : {"1/3", "2/3", "3/3"}) {
    const std::string file = temp_.File(std::string(1, shard[0]));
    std::vector<std::string> arguments = {"--shard", shard, "--report", "json=" + file};
    arguments.insert(arguments.end(), checks.begin(), checks.end());
    Run(arguments);
    merge.push_back(file);
  }
  const RunResult all = Judge(merge);
  EXPECT_EQ(all.status.code, 1) << all.out << all.err;
  EXPECT_THAT(all.out, HasSubstr("4 checks: 2 pass, 1 fail, 1 skip"));
  merge.pop_back();
  const RunResult gap = Judge(merge);
  EXPECT_EQ(gap.status.code, 2);
  EXPECT_THAT(gap.err, HasSubstr("of 3 shards 3 is missing"));
  const RunResult same = Judge({"diff", temp_.File("all"), temp_.File("all")});
  EXPECT_EQ(same.status.code, 0) << same.out << same.err;
  EXPECT_THAT(same.out, HasSubstr("no difference in 4 checks"));
  EXPECT_EQ(Judge({"diff", temp_.File("1"), temp_.File("2")}).status.code, 0);
}

TEST_F(JudgeRunTest, FailedFirstAndChangedSinceGoByAnEarlierResult) {
  const std::string past = temp_.File("past.json");
  Run({"toy/passes", "toy/inspects", "toy/fails", "--report", "json=" + past});
  const RunResult order = Run({"toy/passes", "toy/inspects", "toy/fails", "-j", "1", "--order",
                               "failed-first", "--since", past, "--report", "jsonl=-"});
  EXPECT_LT(order.out.find(R"({"t":"check.start","id":"toy/fails")"),
            order.out.find(R"({"t":"check.start","id":"toy/passes")"));
  const RunResult changed =
      Judge({"list", "changed-since:" + past, "toy/passes", "!toy/leaves-*", "!toy/w*"});
  EXPECT_THAT(changed.out, HasSubstr("toy/fails"));
  EXPECT_THAT(changed.out, HasSubstr("toy/flaky"));
  EXPECT_THAT(changed.out, Not(HasSubstr("toy/inspects")));
}

TEST_F(JudgeRunTest, ARecordedExecutionIsRunAgain) {
  Run({"toy/flaky", "--repeat", "12", "--record", temp_.File("rec"), "--keep", "all"});
  const RunResult first = Judge({"repro", temp_.File("rec/toy/flaky.1")});
  EXPECT_EQ(first.status.code, 0) << first.out << first.err;  // seed 2
  EXPECT_THAT(first.err, HasSubstr("toy/flaky"));
  const RunResult gone = Judge({"repro", temp_.File("rec/toy/flaky.99")});
  EXPECT_EQ(gone.status.code, 2);
  EXPECT_THAT(gone.err, HasSubstr("not recorded; there are "));
  const RunResult other = Judge({"repro", temp_.File("rec/toy/flaky"), "--shim", "/no/such"});
  EXPECT_EQ(other.status.code, 2);
  EXPECT_THAT(other.err, HasSubstr("--shim: /no/such"));
}

TEST_F(JudgeRunTest, AnAttemptTellsUnderWhichNumberItIsRecorded) {
  Run({"toy/flaky", "--repeat", "12", "-j", "3", "--record", temp_.File("rec"), "--keep", "all",
       "--report", "json=" + temp_.File("o")});
  const absl::StatusOr<ResultFile> file = ResultFile::Read(temp_.File("o"));
  ASSERT_TRUE(file.ok()) << file.status();
  std::set<int> numbers;
  for (const Attempt& attempt : file->finished().results.front().attempts) {
    numbers.insert(attempt.number);
    const std::string recorded = absl::StrCat("rec/toy/flaky.", attempt.number, "/check.json");
    EXPECT_THAT(ReadFile(temp_.File(recorded)),
                HasSubstr(absl::StrCat("\"seed\": \"", SeedText(attempt.seed), "\"")));
  }
  EXPECT_EQ(numbers.size(), 12u);
}

TEST_F(JudgeRunTest, ARecordingIsJudgedAgainWithoutTheShim) {
  const auto recorded = [&](const std::string& check) {
    const std::string directory = temp_.File(check.substr(4));
    Run({check, "toy/skips", "--keep", "all", "--record", directory});
    return Judge({"replay", directory});
  };
  const RunResult same = recorded("toy/tells-a-story");
  EXPECT_EQ(same.status.code, 0) << same.out << same.err;
  EXPECT_THAT(same.out, HasSubstr("2 executions: 1 judged again, 0 with new findings"));
  EXPECT_THAT(same.out, HasSubstr("1 without a story to judge"));
  const RunResult news = recorded("toy/tells-of-news");
  EXPECT_EQ(news.status.code, 1) << news.out << news.err;
  EXPECT_THAT(news.out, AllOf(HasSubstr("WORSE"), HasSubstr("invariant.broken: it is new")));
  const RunResult nonsense = recorded("toy/tells-nonsense");
  EXPECT_EQ(nonsense.status.code, 2);
  EXPECT_THAT(nonsense.err, HasSubstr("toy/tells-nonsense.1: the story is no JSON"));
  EXPECT_EQ(recorded("toy/fails").status.code, 5);
  EXPECT_EQ(Judge({"replay", temp_.path()}).status.code, 2);
}

TEST_F(CommandLineTest, ThePlanIsReadFromAFileOrFromStandardInput) {
  base::testing::WriteFile(temp_.File("plan"), "toy/passes\ntoy/fails\n");
  const RunResult some = Judge({"list", "--plan", temp_.File("plan")});
  EXPECT_THAT(some.out, HasSubstr("2 checks, 2 to run"));
  const RunResult fewer = Judge({"list", "--plan", temp_.File("plan"), "!toy/fails"});
  EXPECT_THAT(fewer.out, HasSubstr("1 check, 1 to run"));
  const RunResult why = Judge({"list", "--plan", temp_.File("plan"), "--why", "toy/flaky"});
  EXPECT_THAT(why.out, HasSubstr("not in --plan"));
  base::SpawnSpec spec = ToyJudge({"list", "--plan", "-"});
  const absl::StatusOr<RunResult> piped = base::testing::RunToExit(spec, "toy/passes\n");
  ASSERT_TRUE(piped.ok()) << piped.status();
  EXPECT_THAT(piped->out, HasSubstr("1 check, 1 to run"));
}

TEST_F(JudgeRunTest, AReportThatCannotBeWrittenIsExitFour) {
  const RunResult result = Run({"toy/passes", "--report", "json=/dev/full"});
  EXPECT_EQ(result.status.code, 4) << result.out << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("shimgauge: a report is lost: /dev/full: No space left on device"));
}

TEST_F(CommandLineTest, AStandardOutputThatCannotBeWrittenIsSaid) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"list"}, {"list", "--json"}, {"--help"}}) {
    base::SpawnSpec spec = ToyJudge(arguments);
    const base::UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    spec.fds = {{.source = full.get(), .target = STDOUT_FILENO}};
    const absl::StatusOr<RunResult> result = base::testing::RunToExit(spec);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->status.code, 4) << arguments.back();
    EXPECT_THAT(result->err, HasSubstr("standard output"));
  }
}

TEST_F(JudgeRunTest, AReaderThatLeavesChangesNoVerdict) {
  base::SpawnSpec spec = ToyJudge(RunArguments({"toy/passes", "toy/fails", "-v"}));
  absl::StatusOr<base::testing::Pipe> pipe = base::testing::MakePipe();
  ASSERT_TRUE(pipe.ok()) << pipe.status();
  pipe->read.reset();
  spec.fds = {{.source = pipe->write.get(), .target = STDOUT_FILENO}};
  const absl::StatusOr<RunResult> result = base::testing::RunToExit(spec);
  ASSERT_TRUE(result.ok()) << result.status();
  judge_ = result->status.pid;
  EXPECT_EQ(result->status.code, 1) << result->err;
  EXPECT_EQ(result->err, "");
}

// A judge that reports to a pipe and does not end by itself.
class RunningJudge {
 public:
  explicit RunningJudge(const std::vector<std::string>& arguments) {
    absl::StatusOr<base::testing::Pipe> pipe = base::testing::MakePipe();
    EXPECT_TRUE(pipe.ok()) << pipe.status();
    base::SpawnSpec spec = ToyJudge(arguments);
    spec.fds = {{.source = pipe->write.get(), .target = STDOUT_FILENO}};
    absl::StatusOr<base::Child> child = base::Spawn(spec);
    EXPECT_TRUE(child.ok()) << child.status();
    child_ = *std::move(child);
    output_ = std::move(pipe->read);
  }
  pid_t pid() const { return child_.pid; }
  // Reads lines up to one that holds `text`; false if the output ends before.
  bool ReadUpTo(const std::string& text) {
    for (;;) {
      const std::string line = base::testing::ReadLine(output_);
      if (line.empty()) return false;
      if (absl::StrContains(line, text)) return true;
    }
  }
  std::string ReadRest() { return base::testing::ReadToEof(output_); }
  base::ExitStatus EndBy(int signo) {
    EXPECT_EQ(base::SendSignal(child_.pidfd, signo), absl::OkStatus());
    const absl::StatusOr<base::ExitStatus> status = base::testing::WaitForExit(child_.pid);
    EXPECT_TRUE(status.ok()) << status.status();
    return status.ok() ? *status : base::ExitStatus();
  }

 private:
  base::Child child_;
  base::UniqueFd output_;
};

TEST_F(JudgeRunTest, CtrlCEndsTheRunInOrderAndLeavesAReadableResult) {
  for (const int signo : {SIGINT, SIGTERM}) {
    RunningJudge judge(
        RunArguments({"toy/passes", "toy/spins", "toy/waits", "-j", "3", "--report", "jsonl=-"}));
    judge_ = judge.pid();
    ASSERT_TRUE(judge.ReadUpTo(R"({"t":"check.end","id":"toy/passes")"));
    EXPECT_EQ(judge.EndBy(signo).code, 130);
    const std::string rest = judge.ReadRest();
    EXPECT_THAT(rest, HasSubstr(R"("pass":1,)"));
    EXPECT_THAT(rest, HasSubstr(R"("notrun":2)"));
    EXPECT_THAT(rest, HasSubstr(R"("exit_code":130)"));
    EXPECT_THAT(rest, HasSubstr(R"("complete":false)"));
  }
}

// The child of `judge` that runs a check, 0 while there is none. (The other is its janitor.)
int WorkerOf(pid_t judge) {
  const std::string children =
      ReadFile(absl::StrCat("/proc/", judge, "/task/", judge, "/children"));
  for (const absl::string_view word : absl::StrSplit(children, ' ', absl::SkipWhitespace())) {
    int pid = 0;
    if (!absl::SimpleAtoi(word, &pid)) continue;
    const absl::StatusOr<std::string> command =
        base::ReadKernelFile(absl::StrCat("/proc/", pid, "/cmdline"));
    if (command.ok() && absl::EndsWith(*command, absl::string_view("\0worker\0", 8))) return pid;
  }
  return 0;
}

TEST_F(JudgeRunTest, WorldsDieWithAKilledJudgeAndTheStreamStaysReadable) {
  RunningJudge judge(RunArguments({"toy/spins", "--report", "jsonl=-"}));
  judge_ = judge.pid();
  ASSERT_TRUE(judge.ReadUpTo(R"({"t":"check.start","id":"toy/spins"})"));
  // CheckStarted comes before the worker, hence: until there is one.
  int worker_pid = 0;
  while ((worker_pid = WorkerOf(judge.pid())) == 0) ::sched_yield();
  const absl::StatusOr<base::UniqueFd> worker = base::OpenPidfd(worker_pid);
  ASSERT_TRUE(worker.ok()) << worker.status();
  EXPECT_EQ(judge.EndBy(SIGKILL).signal, SIGKILL);
  struct pollfd end = {.fd = worker->get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&end, 1, 60000), 1);
  EXPECT_THAT(judge.ReadRest(), Not(HasSubstr("run.end")));
}

}  // namespace
}  // namespace conformance
