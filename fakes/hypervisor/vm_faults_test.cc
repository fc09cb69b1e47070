// SPDX-License-Identifier: Apache-2.0
// Every fault of the catalogue fires and leaves its line in the journal; what it looks like from
// outside, where kata_clients_test does not say it.
#include "fakes/fault/vm_faults.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "fakes/fault/fault_gate.h"
#include "fakes/hypervisor/testing/vmm_test.h"

namespace fakes {
namespace {

using ::testing::HasSubstr;

class VmFaultsTest : public testing::VmmTest {
 protected:
  std::string Plan(const FaultRule& rule) {
    const absl::StatusOr<std::string> id = faults_->Add(rule);
    EXPECT_TRUE(id.ok()) << id.status();
    return id.value_or("");
  }
  void ExpectFired(const std::string& id) {
    EXPECT_FALSE(faults_->Journal(id)->empty()) << id << " left no line";
  }

  // All that a shim does, whatever comes of it.
  void LiveALife() {
    const std::vector<std::pair<std::string, std::string>> puts = {
        {"vm.create", Config()},
        {"vm.boot", ""},
        {"vm.add-net", R"({"id":"n","tap":"t"})"},
        {"vm.add-disk", absl::StrCat(R"({"path":")", temp_.File("kernel"), "\"}")},
        {"vm.resize", R"({"desired_vcpus":3})"}};
    for (const auto& [call, body] : puts) {
      Try("PUT", call, body);
      Try("GET", "vm.info", "");
    }
    (void)ConnectToAgent(100);
    Try("GET", "vmm.ping", "");
    Try("GET", "vmm.ping", "");
    Try("PUT", "vmm.shutdown", "");
  }
  void Try(const std::string& method, const std::string& call, const std::string& body) {
    testing::KataGoClient client(Api());
    client.timeout_ms = 100;
    (void)client.Call(method, call, body);
  }
};

TEST_F(VmFaultsTest, EachOfTheCatalogueFires) {
  std::set<std::string> names;
  for (const VmFault& fault : VmFaults()) {
    SCOPED_TRACE(fault.name);
    EXPECT_TRUE(names.insert(std::string(fault.name)).second);
    EXPECT_EQ(FindVmFault(fault.name), &fault);
    std::vector<std::string> ids;
    bool launch = false;
    for (FaultRule rule : fault.rules) {
      rule.ms = std::min<std::uint32_t>(rule.ms, 1);
      rule.id = std::string(fault.name);
      launch |= rule.verb == "launch";
      ids.push_back(Plan(rule));
    }
    StartVmm({}, /*await=*/!launch);
    if (!launch) LiveALife();
    for (const std::string& id : ids) {
      EXPECT_TRUE(faults_->AwaitFiring(id, 1, 30'000).value_or(false)) << id;
    }
    Kill(SIGKILL);
    (void)AwaitExit();
    ::unlink(Vsock().c_str());
    ASSERT_TRUE(faults_->Clear().ok());
  }
  EXPECT_EQ(FindVmFault("none"), nullptr);
}

TEST_F(VmFaultsTest, TheVmmDiesAsAsked) {
  Plan({.verb = "launch", .fault = Fault::kFail, .code = 7, .message = "no KVM"});
  StartVmm({}, /*await=*/false);
  EXPECT_EQ(AwaitExit().ShellStatus(), 7U);
  EXPECT_EQ(base::testing::ReadFile(ErrorFile()), "no KVM\n");
  ASSERT_TRUE(faults_->Clear().ok());

  Plan({.verb = "vmm.ping", .fault = Fault::kDie, .signal = 11});
  StartVmm();
  EXPECT_FALSE(Get("vmm.ping").ok());
  EXPECT_EQ(AwaitExit().signal, 11);
}

TEST_F(VmFaultsTest, ShutdownWithoutAnAnswerEndsItAllTheSame) {
  const std::string id =
      Plan({.verb = "vmm.shutdown", .fault = Fault::kDrop, .point = FaultPoint::kAfter});
  StartVmm();
  EXPECT_TRUE(absl::IsUnavailable(Put("vmm.shutdown").status()));
  EXPECT_EQ(AwaitExit().ShellStatus(), 0U);
  ExpectFired(id);
}

TEST_F(VmFaultsTest, ARefusalDoesNothingAndALieDoesNothingEither) {
  Plan({.verb = "vm.create", .fault = Fault::kRefuse, .code = 500, .message = "no memory"});
  Plan({.verb = "vm.boot", .fault = Fault::kLie});
  StartVmm();
  EXPECT_THAT(std::string(Put("vm.create", Config()).status().message()),
              HasSubstr(R"(500 ["Error from API","no memory"])"));
  EXPECT_FALSE(Get("vm.info").ok());
  EXPECT_TRUE(Put("vm.create", Config()).ok());
  EXPECT_TRUE(Put("vm.boot").ok());
  EXPECT_THAT(Get("vm.info").value_or(""), HasSubstr("Created"));
}

TEST_F(VmFaultsTest, HandshakesGoWrongAsAsked) {
  StartVmm();
  Boot();
  const auto with = [&](FaultRule rule) {
    rule.verb = "connect";
    rule.container = "1024";
    const std::string id = Plan(rule);
    const absl::Status status = ConnectToAgent(300).status();
    ExpectFired(id);
    return status;
  };
  EXPECT_THAT(std::string(with({.fault = Fault::kDrop}).message()),
              HasSubstr("closed behind \"\""));
  EXPECT_TRUE(absl::IsDeadlineExceeded(with({.fault = Fault::kHang})));
  EXPECT_THAT(std::string(with({.fault = Fault::kGarbageOutput, .message = "ERR"}).message()),
              HasSubstr("the answer was \"ERR\""));
  EXPECT_TRUE(with({.fault = Fault::kDrip, .ms = 1}).ok());
  Plan({.verb = "connect", .fault = Fault::kDrop, .point = FaultPoint::kAfter});
  auto agent = ConnectToAgent();
  ASSERT_TRUE(agent.ok()) << agent.status();
  EXPECT_EQ(agent->Receive().value_or("?"), "");
  EXPECT_TRUE(ConnectToAgent().ok());
}

TEST_F(VmFaultsTest, ConnectionsToTheGuestBreakAndNewOnesArePossible) {
  StartVmm();
  Boot();
  Plan({.verb = "vmm.ping", .fault = Fault::kReset});
  for (const bool by_control : {false, true}) {
    auto agent = ConnectToAgent();
    ASSERT_TRUE(agent.ok() && agent->Send("x\n").ok());
    EXPECT_EQ(agent->ReceiveLine().value_or(""), "x");
    if (by_control) {
      EXPECT_EQ(Control("reset"), "ok");
    } else {
      EXPECT_TRUE(Get("vmm.ping").ok());
    }
    EXPECT_EQ(agent->Receive().value_or("?"), "");
  }
  EXPECT_TRUE(ConnectToAgent().ok());
}

TEST_F(VmFaultsTest, ASlowCallWaitsForItsGate) {
  absl::StatusOr<FaultGate> gate = FaultGate::Make(temp_.File("gate"));
  ASSERT_TRUE(gate.ok()) << gate.status();
  const std::string id = Plan({.verb = "vm.create", .fault = Fault::kSlow, .until = gate->path()});
  StartVmm();
  auto socket = testing::BlockingSocket::Connect(Api(), 10'000);
  ASSERT_TRUE(socket.ok() &&
              socket
                  ->Send(absl::StrCat("PUT /api/v1/vm.create HTTP/1.1\r\nContent-Length: ",
                                      Config().size(), "\r\n\r\n", Config()))
                  .ok());
  ASSERT_TRUE(faults_->AwaitFiring(id, 1, 30'000).value_or(false));
  EXPECT_EQ(Control("held"), absl::StrCat("ok ", id));
  EXPECT_EQ(Control("state"), "ok None");
  ASSERT_TRUE(gate->Open().ok());
  EXPECT_THAT(socket->ReceiveLine().value_or(""), HasSubstr("HTTP/1.1 204"));
  EXPECT_EQ(Control("state"), "ok Created");
  EXPECT_EQ(Control("held"), "ok");
}

TEST_F(VmFaultsTest, TheControlSocketAddsFaultsAndRefusesNonsense) {
  StartVmm();
  EXPECT_EQ(Control(R"(fault {"fault":"refuse","verb":"vm.info","code":500})"), "ok rule-1");
  EXPECT_EQ(Control(R"(fault {"fault":"drop","verb":"vmm.ping","id":"mine"})"), "ok mine");
  EXPECT_FALSE(Get("vmm.ping").ok());
  EXPECT_EQ(Control("clear"), "ok");
  EXPECT_TRUE(Get("vmm.ping").ok());
  EXPECT_THAT(Control(R"(fault {"fault":"fial"})"), HasSubstr("error: fault: rules[0].fault"));
  EXPECT_THAT(Control("release nobody"), HasSubstr("no call is held"));
  EXPECT_THAT(Control("dance"), HasSubstr("expected fault RULE, clear"));
  EXPECT_EQ(Control("power-off"), "ok");
  EXPECT_EQ(AwaitExit().ShellStatus(), 0U);
}

TEST_F(VmFaultsTest, RulesThatAreWrongFailEveryCallByTheirPlace) {
  StartVmm();
  base::testing::WriteFile(absl::StrCat(FaultDirectory(), "/faults.json"), "{\"schema\":2}");
  EXPECT_THAT(std::string(Get("vmm.ping").status().message()),
              HasSubstr("faults.json: schema: this build knows schema 1"));
}

TEST_F(VmFaultsTest, ADeviceGetsAnOddPlaceOrNone) {
  Plan({.verb = "vm.add-fs", .fault = Fault::kOddBdf, .message = "nowhere"});
  StartVmm();
  Boot();
  EXPECT_EQ(Put("vm.add-fs", R"({"id":"n","socket":"/s"})").value_or(""),
            R"({"bdf":"nowhere","id":"n"})");
}

}  // namespace
}  // namespace fakes
