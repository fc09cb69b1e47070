// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/testing/temp_dir.h"
#include "fakes/engine/testing/engine_world.h"
#include "fakes/fault/fault_gate.h"

namespace fakes {
namespace {

using base::testing::WaitForExit;
using ::testing::HasSubstr;

class FaultsTest : public testing::EngineTest {
 protected:
  // Adds the rule, and proves at the end that it fired.
  void Plan(FaultRule rule) {
    const absl::StatusOr<std::string> id = faults_.Add(std::move(rule));
    ASSERT_TRUE(id.ok()) << id.status();
    planned_.push_back(*id);
  }
  void TearDown() override {
    for (const std::string& id : planned_) EXPECT_EQ(faults_.Journal(id)->size(), 1U) << id;
  }

  std::vector<std::string> planned_;
};

TEST_F(FaultsTest, FailReportsItsMessageAndDoesNothing) {
  Plan({.verb = "create", .container = "c", .code = 9, .message = "no luck"});
  EXPECT_EQ(Create("c", Guest({"/bin/pause"})), -1);
  EXPECT_THAT(TakeLog(), HasSubstr("\"level\":\"error\",\"msg\":\"no luck\""));
  EXPECT_EQ(State("c"), "");
}

TEST_F(FaultsTest, SlowWaitsForItsGate) {
  absl::StatusOr<FaultGate> gate = FaultGate::Make(temp_.File("gate"));
  ASSERT_TRUE(gate.ok()) << gate.status();
  const pid_t pid = Create("c", Guest({"/bin/exit_code", "3"}));
  ASSERT_GT(pid, 0) << TakeLog();
  Plan({.verb = "start", .fault = Fault::kSlow, .until = gate->path()});
  const auto start =
      base::Spawn({.path = SHIMGAUGE_ENGINE, .argv = {"engine", "--root", Root(), "start", "c"}});
  ASSERT_TRUE(start.ok()) << start.status();
  EXPECT_TRUE(*faults_.AwaitFiring(planned_[0], 1, 60'000));
  EXPECT_EQ(State("c"), "created");
  ASSERT_TRUE(gate->Open().ok());
  EXPECT_EQ(WaitForExit(start->pid)->ShellStatus(), 0U);
  EXPECT_EQ(WaitForExit(pid)->ShellStatus(), 3U);
  Delete("c");
}

TEST_F(FaultsTest, HangEndsWithItsProcess) {
  Plan({.verb = "state", .fault = Fault::kHang});
  const auto state =
      base::Spawn({.path = SHIMGAUGE_ENGINE, .argv = {"engine", "--root", Root(), "state", "c"}});
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_TRUE(*faults_.AwaitFiring(planned_[0], 1, 60'000));
  EXPECT_EQ(::waitpid(state->pid, nullptr, WNOHANG), 0);
  EXPECT_EQ(::kill(state->pid, SIGKILL), 0);
  EXPECT_EQ(WaitForExit(state->pid)->signal, SIGKILL);
}

TEST_F(FaultsTest, DyingHalfWayThroughCreateLeavesAnInitWithoutPidFile) {
  Plan({.verb = "create", .fault = Fault::kDie, .point = FaultPoint::kMiddle, .signal = SIGTERM});
  EXPECT_EQ(Create("c", Guest({"/bin/pause"})), -1);
  EXPECT_EQ(State("c"), "created");
  EXPECT_NE(::access(temp_.File("c.pid").c_str(), F_OK), 0);
  Delete("c");
  EXPECT_GT(::waitpid(-1, nullptr, 0), 0) << "the orphaned init";
}

TEST_F(FaultsTest, PidFilesGoWrong) {
  Plan({.verb = "create", .fault = Fault::kGarbagePidFile, .message = "12x"});
  EXPECT_EQ(Create("c", Guest({"/bin/pause"})), -1);
  EXPECT_EQ(base::testing::ReadFile(temp_.File("c.pid")), "12x");
  Plan({.verb = "create", .fault = Fault::kNoPidFile, .container = "d"});
  EXPECT_EQ(Create("d", Guest({"/bin/pause"})), -1);
  EXPECT_NE(::access(temp_.File("d.pid").c_str(), F_OK), 0);
  for (const char* id : {"c", "d"}) {
    EXPECT_EQ(State(id), "created");
    Delete(id);
    EXPECT_GT(::waitpid(-1, nullptr, 0), 0);
  }
}

TEST_F(FaultsTest, InitGoneBeforeStartReturns) {
  const pid_t pid = Create("c", Guest({"/bin/pause"}));
  ASSERT_GT(pid, 0) << TakeLog();
  Plan({.verb = "start", .fault = Fault::kInitGone, .point = FaultPoint::kMiddle});
  EXPECT_EQ(Engine({"start", "c"}).status.ShellStatus(), 0U) << TakeLog();
  EXPECT_EQ(WaitForExit(pid)->signal, SIGKILL);
  Delete("c");
}

TEST_F(FaultsTest, StateLost) {
  const pid_t pid = CreateAndStart("c", Guest({"/bin/pause"}));
  Plan({.verb = "kill", .fault = Fault::kStateLost});
  EXPECT_EQ(Engine({"kill", "c", "9"}).status.ShellStatus(), 1U);
  EXPECT_THAT(TakeLog(), HasSubstr("container does not exist"));
  EXPECT_EQ(::kill(pid, SIGKILL), 0) << "the process is still there";
  EXPECT_EQ(WaitForExit(pid)->signal, SIGKILL);
}

TEST_F(FaultsTest, LiesAndGarbageExitWithZero) {
  const pid_t pid = CreateAndStart("c", Guest({"/bin/pause"}));
  Plan({.verb = "kill", .fault = Fault::kLie});
  EXPECT_EQ(Engine({"kill", "c", "9"}).status.ShellStatus(), 0U);
  EXPECT_EQ(State("c"), "running");
  Plan({.verb = "ps", .fault = Fault::kGarbageOutput, .message = "[1,"});
  EXPECT_EQ(Engine({"ps", "c"}).out, "[1,\n");
  EXPECT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_TRUE(WaitForExit(pid).ok());
  Delete("c");
}

TEST_F(FaultsTest, FloodGoesToStderr) {
  Plan({.verb = "list", .fault = Fault::kFlood, .bytes = 300'001});
  const auto result = Engine({"list"});
  EXPECT_EQ(result.status.ShellStatus(), 0U);
  EXPECT_EQ(result.err.size(), 300'001U);
}

TEST_F(FaultsTest, ABadFileIsSaidAndNothingIsDone) {
  base::testing::WriteFile(faults_.rules_path(), R"({"schema":1,"rules":[{"fault":"slwo"}]})");
  EXPECT_EQ(Create("c", Guest({"/bin/pause"})), -1);
  const std::string log = TakeLog();
  EXPECT_THAT(log, HasSubstr("faults.json: rules[0].fault: "));
  EXPECT_NE(::access((Root() + "/c").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace fakes
