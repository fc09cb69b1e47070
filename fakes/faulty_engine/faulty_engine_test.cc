// SPDX-License-Identifier: Apache-2.0
// The program before an engine that is a shell script: what that is told, and what it tells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"

namespace {

using base::testing::ReadFile;
using base::testing::RunResult;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class FaultyEngineTest : public base::testing::ProcessTest {
 protected:
  // `script` is the engine behind; it finds its words in "$@".
  RunResult Run(const std::string& rule, const std::string& script,
                const std::vector<std::string>& words, const std::string& input = "") {
    base::testing::WriteFile(temp_.File("engine"), "#!/bin/sh\n" + script + "\n", 0755);
    std::vector<std::string> args = {"--rule=" + rule, "--journal=" + temp_.File("journal"),
                                     "--subject=" + temp_.File("engine")};
    args.insert(args.end(), words.begin(), words.end());
    auto result = base::testing::RunToExit(FAULTY_ENGINE, args, input);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : RunResult{};
  }
  std::string Journal() { return ReadFile(temp_.File("journal")); }
};

TEST_F(FaultyEngineTest, WithoutAnOccasionTheEngineIsItself) {
  const RunResult end = Run("start skip", "echo \"$@\"; env; exit 7",
                            {"--root", "/r", "create", "--bundle", "/b", "c"});
  EXPECT_EQ(end.status.code, 7);
  EXPECT_THAT(end.out, HasSubstr("--root /r create --bundle /b c\n"));
  EXPECT_THAT(end.out, ::testing::Not(HasSubstr("SHIMGAUGE_FAULT")));
}

TEST_F(FaultyEngineTest, ADescriptorIsOpenInTheEngine) {
  const std::string script = "test -e /proc/self/fd/7 && echo open; true";
  EXPECT_EQ(Run("create open 7", script, {"create", "c"}).out, "open\n");
  EXPECT_EQ(Run("start open 7", script, {"create", "c"}).out, "");
}

TEST_F(FaultyEngineTest, OptionsAndSignalsAreChanged) {
  EXPECT_EQ(Run("kill drop --all", "echo \"$@\"", {"kill", "--all", "c", "9"}).out, "kill c 9\n");
  EXPECT_EQ(Run("kill signal 15 9", "echo \"$@\"", {"kill", "c", "15"}).out, "kill c 9\n");
  EXPECT_EQ(Journal(), "unlisted kill drop --all\nunlisted kill signal 15 9\n");
}

TEST_F(FaultyEngineTest, TheBundlesConfigIsAnotherForTheTimeOfCreate) {
  base::testing::WriteFile(temp_.File("config.json"), R"({"process":{"cwd":"/x"}})");
  const RunResult end = Run("create set /process/cwd \"/\"", "cat $3/config.json; exit 3",
                            {"create", "--bundle", temp_.path(), "c"});
  EXPECT_EQ(end.out, R"({"process":{"cwd":"/"}})");
  EXPECT_EQ(end.status.code, 3);
  EXPECT_EQ(ReadFile(temp_.File("config.json")), R"({"process":{"cwd":"/x"}})");
}

TEST_F(FaultyEngineTest, ProcessAndResourcesAreReadFromCopies) {
  base::testing::WriteFile(temp_.File("p"), R"({"cwd":"/x","a":1})");
  EXPECT_EQ(Run("exec drop /cwd", "cat $3", {"exec", "--process", temp_.File("p"), "c"}).out,
            R"({"a":1})");
  EXPECT_EQ(ReadFile(temp_.File("p")), R"({"cwd":"/x","a":1})");
  EXPECT_EQ(Run("update drop /memory", "cat $3", {"update", "--resources", "-", "c"},
                R"({"memory":1,"cpu":2})")
                .out,
            R"({"cpu":2})");
}

TEST_F(FaultyEngineTest, OutputExitCodeAndPidFileAreChanged) {
  const RunResult state =
      Run("state set /status \"running\"", "echo '{\"status\":\"stopped\"}'", {"state", "c"});
  EXPECT_EQ(state.out, R"({"status":"running"})");
  EXPECT_EQ(Run("start exit 4", "exit 0", {"start", "c"}).status.code, 4);
  const std::string pid_file = temp_.File("pid");
  Run("create pid-file 1", "echo 77 > $3", {"create", "--pid-file", pid_file, "c"});
  EXPECT_EQ(ReadFile(pid_file), "1");
}

TEST_F(FaultyEngineTest, VerbsAreLeftOutRefusedAndRepeated) {
  EXPECT_THAT(Run("start skip", "echo done", {"start", "c"}).out, IsEmpty());
  EXPECT_EQ(Run("start twice", "echo done", {"start", "c"}).out, "done\ndone\n");
  const std::string log = temp_.File("log");
  const RunResult refused = Run("start fail 5 no luck", "echo done",
                                {"--log", log, "--log-format", "json", "start", "c"});
  EXPECT_EQ(refused.status.code, 5);
  EXPECT_THAT(ReadFile(log), AllOf(HasSubstr("\"error\""), HasSubstr("\"no luck\"")));
}

TEST_F(FaultyEngineTest, StreamsAreExchangedAndCut) {
  const RunResult crossed = Run("create swap 1 2", "echo out; echo err >&2", {"create", "c"});
  EXPECT_EQ(crossed.out, "err\n");
  EXPECT_EQ(crossed.err, "out\n");
  EXPECT_THAT(Run("exec null 0", "cat", {"exec", "c"}, "text").out, IsEmpty());
  EXPECT_THAT(
      Run("create socket 1", "exec 3>&1; readlink /proc/self/fd/3 >&2", {"create", "c"}).err,
      StartsWith("socket:["));
}

TEST_F(FaultyEngineTest, HooksRunBehindTheWrapper) {
  base::testing::WriteFile(temp_.File("config.json"),
                           R"({"hooks":{"poststop":[{"path":"/bin/sh","args":["sh","-c","x"]}]}})");
  const RunResult config = Run("create hooks poststop ignore-failure", "cat $3/config.json",
                               {"create", "--bundle", temp_.path(), "c"});
  EXPECT_THAT(config.out, HasSubstr(R"(["hook-wrapper","--hook","ignore-failure","/bin/sh","sh")"));
  const auto hook = [](const std::string& action, const std::string& script) {
    auto end = base::testing::RunToExit(
        FAULTY_ENGINE, {"--hook", action, "/bin/sh", "name", "-c", script}, R"({"id":"c"})");
    return end.ok() ? *end : RunResult{};
  };
  EXPECT_EQ(hook("ignore-failure", "exit 3").status.code, 0);
  EXPECT_EQ(hook("fail", "exit 0").status.code, 1);
  EXPECT_EQ(hook("twice", "echo $0").out, "name\nname\n");
  EXPECT_EQ(hook("own-name", "readlink /proc/self/exe >/dev/null; echo $0").out, "/bin/sh\n");
  EXPECT_EQ(hook("input drop /id", "cat").out, "{}");
  EXPECT_EQ(hook("cut-input 3", "cat").out, "{\"i");
  EXPECT_THAT(hook("no-input", "cat").out, IsEmpty());
  EXPECT_EQ(hook("directory /proc", "pwd").out, "/proc\n");
  EXPECT_THAT(hook("lost-directory", "readlink /proc/self/cwd").out, HasSubstr("(deleted)"));
  EXPECT_THAT(hook("unread-output", "echo x").out, IsEmpty());
  EXPECT_EQ(hook("insist-on-input", "cat").out, R"({"id":"c"})");
}

TEST_F(FaultyEngineTest, ABadRuleIsNamed) {
  const RunResult end = Run("start jump", "exit 0", {"start", "c"});
  EXPECT_EQ(end.status.code, 64);
  EXPECT_THAT(end.err, HasSubstr("'jump'"));
}

}  // namespace
