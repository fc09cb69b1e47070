// SPDX-License-Identifier: Apache-2.0
// `shimgauge call` and `shimgauge call events` as two processes that talk to each other.
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/pidfd.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "conformance/harness/toy_judge.h"

namespace conformance {
namespace {

using base::testing::RunResult;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kExit[] =
    R"({"envelope": {"timestamp": "2026-01-02T03:04:05Z", "namespace": "ns", "topic": "/tasks/exit",
        "event": {"@type": "containerd.events.TaskExit", "container_id": "c", "exit_status": 7}}})";

class CallCommandTest : public base::testing::ProcessTest {
 protected:
  RunResult Judge(const std::vector<std::string>& arguments) {
    const absl::StatusOr<RunResult> result = base::testing::RunToExit(ToyJudge(arguments));
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : RunResult();
  }
  RunResult Call(std::vector<std::string> words) {
    words.insert(words.begin(), "call");
    return Judge(words);
  }

  // `call events` on socket(), once it listens.
  void StartEvents(const std::vector<std::string>& more) {
    absl::StatusOr<base::testing::Pipe> out = base::testing::MakePipe();
    absl::StatusOr<base::testing::Pipe> err = base::testing::MakePipe();
    ASSERT_TRUE(out.ok() && err.ok());
    std::vector<std::string> arguments = {"call", "events", socket()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    base::SpawnSpec spec = ToyJudge(arguments);
    spec.fds = {{.source = out->write.get(), .target = STDOUT_FILENO},
                {.source = err->write.get(), .target = STDERR_FILENO}};
    absl::StatusOr<base::Child> child = base::Spawn(spec);
    ASSERT_TRUE(child.ok()) << child.status();
    events_ = *std::move(child);
    lines_ = std::move(out->read);
    EXPECT_THAT(base::testing::ReadLine(err->read), HasSubstr("TTRPC_ADDRESS=" + socket()));
  }
  int EventsExitCode() {
    const absl::StatusOr<base::ExitStatus> status = base::testing::WaitForExit(events_.pid);
    EXPECT_TRUE(status.ok()) << status.status();
    return status.ok() ? status->code : -1;
  }

  std::string socket() const { return temp_.File("e.sock"); }

  base::Child events_;
  base::UniqueFd lines_;
};

TEST_F(CallCommandTest, AnEventIsCalledInAndPrinted) {
  ASSERT_NO_FATAL_FAILURE(StartEvents({"--count", "1"}));
  const RunResult call = Call({socket(), "Forward", kExit, "--ns", "ns", "--timeout", "60s"});
  EXPECT_EQ(call.status.code, 0) << call.err;
  EXPECT_EQ(call.out, "{}\n");
  EXPECT_EQ(EventsExitCode(), 0);
  EXPECT_EQ(base::testing::ReadToEof(lines_),
            R"({"time":"2026-01-02T03:04:05+00:00","namespace":"ns","topic":"/tasks/exit","event":)"
            R"({"@type":"containerd.events.TaskExit","container_id":"c","id":"","pid":0,)"
            R"("exit_status":7}})"
            "\n");
  EXPECT_FALSE(std::filesystem::exists(socket()));
}

TEST_F(CallCommandTest, ErrorsOfTheServerAreNamedAndExitOne) {
  ASSERT_NO_FATAL_FAILURE(StartEvents({}));
  base::testing::WriteFile(temp_.File("bad.json"), R"({"envelope": {"topic": "/x"}})");
  const RunResult refused = Call({socket(), "Forward", "@" + temp_.File("bad.json")});
  EXPECT_EQ(refused.status.code, 1);
  EXPECT_THAT(refused.err, StartsWith("shimgauge: INVALID_ARGUMENT (3): "));
  // Neither version is served here.
  const RunResult unknown = Call({"unix://" + socket(), "Task/State", R"({"id": "c"})"});
  EXPECT_EQ(unknown.status.code, 1);
  EXPECT_THAT(unknown.err, StartsWith("shimgauge: UNIMPLEMENTED (12): containerd.task.v3.Task/"));
  const RunResult old = Call({socket(), "State", "--task-version", "2"});
  EXPECT_THAT(old.err, HasSubstr("containerd.task.v2.Task/State"));
  const RunResult taken = Call({"events", socket()});
  EXPECT_EQ(taken.status.code, 2);
  EXPECT_THAT(taken.err, HasSubstr("somebody is listening there already"));
  EXPECT_EQ(base::SendSignal(events_.pidfd, SIGTERM), absl::OkStatus());
  EXPECT_EQ(EventsExitCode(), 0);
}

TEST_F(CallCommandTest, MistakesAreOneSentence) {
  base::testing::WriteFile(temp_.File("plain"), "x");
  const std::vector<std::pair<std::vector<std::string>, std::string>> usage = {
      {{}, "give SOCKET and METHOD"},
      {{"s"}, "give SOCKET and METHOD"},
      {{"s", "Jump"}, "no method 'Jump'"},
      {{"s", "State", "{"}, "request:1:2: no JSON"},
      {{"s", "State", R"({"name": 1})"}, "StateRequest has no such field; there are: id, exec_id"},
      {{"s", "State", "@/no/such"}, "/no/such: No such file"},
      {{"s", "State", "--timeout", "soon"}, "--timeout soon"},
      {{"s", "State", "--metadata", "x"}, "--metadata x: write KEY=VALUE"},
      {{"s", "State", "--ns", "a/b"}, "--ns: "},
      {{"s", "State", "--task-version", "1"}, "the choices are 2, 3 and auto"},
      {{"s", "Forward", "--task-version", "2"}, "has no such version"},
      {{"vsock://1:2", "State"}, "only unix sockets"},
      {{"describe"}, "NAME is missing"},
      {{"describe", "Nothing"}, "no method and no message is called 'Nothing'"},
      {{"describe", "Metrics"}, "ambiguous"},
      {{temp_.File("plain"), "State"}, "is no socket"},
      {{"events"}, "SOCKET is missing"},
      {{"events", "s", "--count", "-1"}, "--count"},
      {{"events", temp_.File("plain")}, "exists and is no socket"},
      {{"events", temp_.File("no/dir")}, "No such file"},
      {{"events", "@x"}, "sockets with a path"},
  };
  for (const auto& [words, message] : usage) {
    const RunResult result = Call(words);
    EXPECT_EQ(result.status.code, 2) << message << "\n" << result.err;
    EXPECT_THAT(result.err, AllOf(StartsWith("shimgauge: "), HasSubstr(message)));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_THAT(result.out, IsEmpty());
  }
  const RunResult nobody = Call({temp_.File("none.sock"), "State"});
  EXPECT_EQ(nobody.status.code, 3);
  EXPECT_THAT(nobody.err, HasSubstr("none.sock: No such file"));
}

TEST_F(CallCommandTest, ListAndDescribeShowWhatCanBeSaid) {
  const RunResult list = Call({"list"});
  EXPECT_EQ(list.status.code, 0);
  EXPECT_THAT(list.out, AllOf(HasSubstr("containerd.task.v2.Task\n"),
                              HasSubstr("  State(containerd.task.v3.StateRequest) returns ("),
                              HasSubstr("  containerd.runc.v1.Options\n")));
  const RunResult method = Call({"describe", "Task/Create"});
  EXPECT_THAT(method.out, AllOf(StartsWith("containerd.task.v3.Task/Create("),
                                HasSubstr("string bundle = 2;"), HasSubstr("message Mount {")));
  EXPECT_THAT(Call({"describe", "TaskExit"}).out, HasSubstr("uint32 exit_status = 4;"));
}

}  // namespace
}  // namespace conformance
