// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/agent_faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>

#include "base/testing/temp_dir.h"
#include "fakes/fault/fault_file.h"
#include "fakes/fault/fault_gate.h"
#include "fakes/guest_agent/testing/guest_world.h"

namespace fakes {
namespace {

using ::testing::HasSubstr;
using Agent = grpc::AgentServiceClient;

TEST(AgentFaultTableTest, EveryCallCanBeHit) {
  for (const absl::string_view name : grpc::kAgentServiceMethods) {
    EXPECT_NE(FindFaultVerb(FaultSeam::kAgent, name), nullptr) << name;
  }
  for (const absl::string_view name : grpc::kHealthMethods) {
    EXPECT_NE(FindFaultVerb(FaultSeam::kAgent, name), nullptr) << name;
  }
}

class AgentFaultsTest : public testing::GuestTest {
 protected:
  void BootSandboxWithFaults() {
    ASSERT_EQ(::mkdir(Directory().c_str(), 0755), 0);
    Boot([this](GuestConfig& config) { config.fault_directory = Directory(); });
    ASSERT_TRUE(Do(&Agent::CreateSandbox, grpc::CreateSandboxRequest()).ok());
  }
  std::string Directory() { return temp_.File("faults"); }
  void Plan(FaultRule rule) {
    const auto id = faults_.Add(std::move(rule));
    ASSERT_TRUE(id.ok()) << id.status();
  }
  std::size_t Firings() { return faults_.Journal()->size(); }

  FaultFile faults_{temp_.File("faults"), FaultSeam::kAgent};
};

TEST_F(AgentFaultsTest, ASlowCallIsHeldAtItsGateAndOthersAreNot) {
  BootSandboxWithFaults();
  auto gate = FaultGate::Make(temp_.File("gate"));
  ASSERT_TRUE(gate.ok());
  Plan({.verb = "CreateContainer", .fault = Fault::kSlow, .container = "c", .until = gate->path()});
  const auto held = Begin(&Agent::CreateContainer, Container("c", {"/bin/true"}));
  RunScript("other", "exit 3");
  EXPECT_EQ(Wait("other"), 3);
  EXPECT_FALSE(held->has_value());
  EXPECT_EQ(Firings(), 1U);
  ASSERT_TRUE(gate->Open().ok());
  EXPECT_TRUE(Await(held).ok());
  EXPECT_EQ(Start("c"), absl::OkStatus());
}

TEST_F(AgentFaultsTest, AHangingCallIsNeverAnswered) {
  BootSandboxWithFaults();
  RunScript("c", "exec sleep 1000");
  Plan({.verb = "SignalProcess", .fault = Fault::kHang});
  grpc::SignalProcessRequest request;
  request.set_container_id("c");
  request.set_signal(SIGKILL);
  const auto hanging = Begin(&Agent::SignalProcess, request);
  Settle();
  EXPECT_FALSE(hanging->has_value());
  EXPECT_EQ(Signal("c", "", SIGKILL), absl::OkStatus()) << "the second one";
  EXPECT_EQ(Wait("c"), 137);
  EXPECT_FALSE(hanging->has_value());
}

TEST_F(AgentFaultsTest, AnAnswerIsWhatItIsMadeToBe) {
  BootSandboxWithFaults();
  RunScript("c", "exit 1");
  Plan({.verb = "WaitProcess", .fault = Fault::kOddStatus, .message = "-7"});
  EXPECT_EQ(Wait("c"), -7);
  Plan({.verb = "SignalProcess", .fault = Fault::kRefuse, .code = 5, .message = "ESRCH"});
  const absl::Status refused = Signal("c", "", SIGKILL);
  EXPECT_EQ(refused.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(refused.message(), "ESRCH");
  Plan({.verb = "RemoveContainer", .fault = Fault::kLie});
  EXPECT_EQ(Remove("c"), absl::OkStatus());
  EXPECT_EQ(Remove("c"), absl::OkStatus()) << "it was still there";
  Plan({.verb = "GetOOMEvent", .fault = Fault::kLackOfMemory, .message = "nobody"});
  EXPECT_EQ(Do(&Agent::GetOOMEvent, grpc::GetOOMEventRequest())->container_id(), "nobody");
  Plan({.verb = "GetMetrics", .fault = Fault::kGarbageOutput, .message = "\x0f"});
  EXPECT_EQ(Do(&Agent::GetMetrics, grpc::GetMetricsRequest()).status().code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(Firings(), 5U);
}

TEST_F(AgentFaultsTest, StdinIsTakenInPart) {
  BootSandboxWithFaults();
  RunScript("c", "exec cat");
  Plan({.verb = "WriteStdin", .fault = Fault::kShort, .bytes = 3});
  grpc::WriteStreamRequest request;
  request.set_container_id("c");
  request.set_data("abcdef");
  EXPECT_EQ(Do(&Agent::WriteStdin, request)->len(), 3U);
  EXPECT_EQ(Write("c", "", "x\n"), absl::OkStatus());
  EXPECT_EQ(ReadAll("c", "", "\n"), "abcx\n");
}

TEST_F(AgentFaultsTest, TheEndOfOutputIsWithheld) {
  BootSandboxWithFaults();
  Plan({.verb = "ReadStdout", .fault = Fault::kWithholdEnd, .occurrence = 0});
  RunScript("c", "echo all; exit 2");
  EXPECT_EQ(ReadAll("c", "", "all"), "all\n");
  const auto end = BeginRead("c");
  EXPECT_TRUE(RunUntil([this] { return Firings() == 1; }));
  EXPECT_EQ(Wait("c"), 2);
  Settle();
  EXPECT_FALSE(end->has_value());
}

TEST_F(AgentFaultsTest, AskingWhetherAProcessRunsIsNoSignal) {
  BootSandboxWithFaults();
  RunScript("c", "exec sleep 1000");
  Plan({.verb = "SignalProcess", .fault = Fault::kRefuse, .code = 5, .message = "ESRCH"});
  EXPECT_EQ(Signal("c", "", 127).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Firings(), 0U);
  EXPECT_EQ(Signal("c", "", SIGKILL).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Firings(), 1U);
}

TEST_F(AgentFaultsTest, ConnectionsBreakAndTheGuestGoesOn) {
  BootSandboxWithFaults();
  RunScript("c", "exec cat");
  const auto wait = BeginWait("c");
  Plan({.verb = "StatsContainer", .fault = Fault::kReset});
  grpc::StatsContainerRequest request;
  request.set_container_id("c");
  EXPECT_EQ(Do(&Agent::StatsContainer, request).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Await(wait).status().code(), absl::StatusCode::kUnavailable);
  client_ = Connect();
  EXPECT_EQ(Write("c", "", "still here\n"), absl::OkStatus());
  EXPECT_EQ(ReadAll("c", "", "\n"), "still here\n");
}

TEST_F(AgentFaultsTest, TheGuestTurnsItselfOff) {
  BootSandboxWithFaults();
  Plan({.verb = "UpdateRoutes", .fault = Fault::kPowerOff, .point = FaultPoint::kAfter});
  grpc::UpdateRoutesRequest request;
  request.mutable_routes();
  EXPECT_TRUE(Do(&Agent::UpdateRoutes, request).ok());
  EXPECT_TRUE(RunUntil([this] { return power_offs_ == 1; }));
}

TEST_F(AgentFaultsTest, AWrongFileFailsEveryCall) {
  BootSandboxWithFaults();
  base::testing::WriteFile(Directory() + "/faults.json", R"({"schema":1,"rules":[{"fault":"x"}]})");
  EXPECT_THAT(std::string(Start("c").message()), HasSubstr("faults.json: rules[0].fault"));
}

}  // namespace
}  // namespace fakes
