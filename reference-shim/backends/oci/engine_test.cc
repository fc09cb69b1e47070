// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/engine.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <map>

#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "reference-shim/backends/backends.h"
#include "reference-shim/backends/oci/engine_runs.h"
#include "reference-shim/backends/oci/oci_host.h"
#include "reference-shim/backends/testing/backend_world.h"
#include "reference-shim/backends/testing/engine_holder.h"
#include "reference-shim/backends/testing/fake_engine.h"

namespace backends {
namespace {

using ::base::testing::ReadFile;
using std::chrono::milliseconds;
using ::testing::AllOf;
using testing::Answer;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::FakeEngine;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr milliseconds kLong{60'000};

class EngineTest : public base::testing::ProcessTest {
 protected:
  EngineTest() : reaper_(*base::ChildReaper::Create(loop_)) {}

  Engine MakeEngine(const std::string& binary) {
    return Engine(host_, {.binary = binary, .root = "/root", .bundle = temp_.path()});
  }
  Engine MakeEngine(const FakeEngine& fake) { return MakeEngine(fake.path()); }

  absl::StatusOr<std::string> Run(const Engine& engine, const std::string& verb,
                                  const EngineIo& io = {}, milliseconds timeout = kLong) {
    Answer<absl::StatusOr<std::string>> answer;
    EngineRuns runs;
    runs.Start(engine, {.verb = verb, .flags = {}, .arguments = {"id"}}, io, timeout,
               answer.Expect());
    while (!answer.come() && loop_.run_one() > 0) {
    }
    return *answer;
  }

  boost::asio::io_context loop_;
  base::Log log_;
  std::unique_ptr<base::ChildReaper> reaper_;
  OciHost host_{{.loop = loop_, .reaper = *reaper_, .log = log_, .namespace_name = "ns"}};
};

TEST_F(EngineTest, SaysWhatItPrinted) {
  const FakeEngine fake(temp_.path(), "engine", "hello) echo out; echo err >&2; pwd;;");
  const auto output = Run(MakeEngine(fake), "hello");
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(*output, absl::StrCat("out\nerr\n", temp_.path(), "\n"));
  EXPECT_THAT(fake.Calls(), ElementsAre("hello id"));
}

TEST_F(EngineTest, AFailureCarriesTheLastErrorOfItsOwnLog) {
  base::testing::WriteFile(temp_.File("log.json"), "{\"level\":\"error\",\"msg\":\"old\"}\n");
  const FakeEngine fake(temp_.path(), "engine", R"(
    bad) echo '{"level":"error","msg":"no \"room\""}' >> "$log"; echo noise >&2; exit 3;;
    mute) exit 4;;
    loud) echo "only on stderr" >&2; exit 5;;
    dead) kill -SEGV $$;;)");
  const Engine engine = MakeEngine(fake);
  EXPECT_EQ(Run(engine, "bad").status(), absl::UnknownError("OCI runtime bad failed: no \"room\""));
  EXPECT_EQ(Run(engine, "mute").status(),
            absl::UnknownError("OCI runtime mute failed: exit status 4"))
      << "errors of other commands are not its own";
  EXPECT_EQ(Run(engine, "loud").status(),
            absl::UnknownError("OCI runtime loud failed: only on stderr"));
  EXPECT_THAT(std::string(Run(engine, "dead").status().message()),
              StartsWith("OCI runtime dead failed: killed by signal 11 (Segmentation fault)"));
}

TEST_F(EngineTest, AMissingOneIsNamedInQuotes) {
  for (const std::string name : {"no-such-engine", "/no/such/engine"}) {
    const absl::Status status = Run(MakeEngine(name), "create").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("\"", name, "\"")))
        << "CREATE-19";
  }
}

TEST_F(EngineTest, OneThatHangsIsKilledWithItsHelpers) {
  const FakeEngine fake(temp_.path(), "engine", "hang) sleep 1000 & echo $! > helper; wait;;");
  std::vector<std::string> killed;
  reaper_->OnOrphan([&killed](const base::ExitStatus& status) {
    if (status.signal == SIGKILL) killed.push_back(absl::StrCat(status.pid, "\n"));
  });
  const auto result = Run(MakeEngine(fake), "hang", {}, milliseconds(200));
  EXPECT_EQ(result.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("hang"));
  // A child of its own in the same process group; as an orphan it comes to us.
  const std::string helper = ReadFile(temp_.File("helper"));
  while (std::count(killed.begin(), killed.end(), helper) == 0 && loop_.run_one() > 0) {
  }
  EXPECT_THAT(killed, ElementsAre(helper));
}

TEST_F(EngineTest, FloodsAreCutAndDoNotBlock) {
  const FakeEngine fake(temp_.path(), "engine",
                        "flood) head -c 3000000 /dev/zero | tr '\\0' x; exit 0;;");
  const auto output = Run(MakeEngine(fake), "flood");
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(output->size(), 1U << 20);
}

TEST_F(EngineTest, LettingGoKillsItAndDropsTheAnswer) {
  const FakeEngine fake(temp_.path(), "engine", "hang) exec sleep 1000;;");
  const Engine engine = MakeEngine(fake);
  bool dropped = false;
  host_.context.reaper.OnOrphan(
      [&dropped](const base::ExitStatus& status) { dropped = status.signal == SIGKILL; });
  {
    EngineRuns runs;
    runs.Start(engine, {.verb = "hang", .flags = {}, .arguments = {}}, {}, kLong,
               [](const auto&) { ADD_FAILURE() << "after destruction"; });
  }
  while (!dropped && loop_.run_one() > 0) {
  }
  EXPECT_TRUE(dropped);
}

TEST_F(EngineTest, InputAndTheContainersStdioArePassedOn) {
  const FakeEngine fake(temp_.path(), "engine", "copy) cat; echo wrong >&2;;");
  const Engine engine = MakeEngine(fake);
  base::testing::WriteFile(temp_.File("input"), "from a file ");
  const base::UniqueFd input(::open(temp_.File("input").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(Run(engine, "copy", {.input = input.get()}).value(), "from a file wrong\n");
  testing::TestIo io;
  {
    const shim::ProcessIo process = io.Take();
    io.in_write.reset();
    EXPECT_EQ(Run(engine, "copy", {.process = &process}).value(), "");
  }
  EXPECT_EQ(base::testing::ReadToEof(io.err_read), "wrong\n");
}

TEST_F(EngineTest, TheServiceManagersSocketIsKeptFromIt) {
  ASSERT_EQ(::setenv("NOTIFY_SOCKET", "/run/notify", 1), 0);
  const std::vector<std::string> environment = EngineEnvironment();
  ASSERT_EQ(::unsetenv("NOTIFY_SOCKET"), 0);
  EXPECT_THAT(environment, Not(::testing::Contains(StartsWith("NOTIFY_SOCKET"))));
  EXPECT_THAT(environment, ::testing::Contains(StartsWith("PATH=")));
}

TEST_F(EngineTest, DiesWithTheShim) {
  auto pipe = base::testing::MakePipe();
  ASSERT_TRUE(pipe.ok());
  base::SpawnSpec spec = base::testing::ChildProcess(testing::kEngineHolder, {temp_.path()});
  spec.fds = {{.source = pipe->write.get(), .target = 1}};
  const auto holder = base::Spawn(spec);
  ASSERT_TRUE(holder.ok()) << holder.status();
  pipe->write.reset();
  int engine = 0;
  ASSERT_TRUE(absl::SimpleAtoi(base::testing::ReadLine(pipe->read), &engine));
  ASSERT_EQ(::kill(holder->pid, SIGKILL), 0);
  // We are the subreaper that inherits the engine.
  std::map<pid_t, int> signals;
  const auto note = [&signals](const base::ExitStatus& status) {
    signals[status.pid] = status.signal;
  };
  const auto holder_watch = reaper_->OnExit(holder->pid, note);
  const auto engine_watch = reaper_->OnExit(engine, note);
  while (signals.size() < 2 && loop_.run_one() > 0) {
  }
  EXPECT_EQ(signals[engine], SIGKILL) << "ENG-02";
}

}  // namespace
}  // namespace backends
