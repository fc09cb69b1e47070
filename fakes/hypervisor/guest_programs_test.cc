// SPDX-License-Identifier: Apache-2.0
// The program itself, with the agent in its guests. Needs root.
#include "fakes/hypervisor/guest_programs.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>

#include "fakes/hypervisor/testing/vmm_test.h"
#include "ttrpc/client.h"

namespace fakes {
namespace {

class GuestProgramsTest : public testing::VmmTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: the agent mounts and makes cgroups";
    VmmTest::SetUp();
    program_ = SHIMGAUGE_HYPERVISOR;
    StartVmm();
    Boot();
  }

  absl::StatusOr<std::string> Call(const std::string& service, const std::string& method) {
    absl::StatusOr<testing::BlockingSocket> socket = ConnectToAgent();
    if (!socket.ok()) return socket.status();
    boost::asio::io_context loop;
    ttrpc::Client client(loop, base::UniqueFd(::dup(socket->fd().get())));
    std::optional<absl::StatusOr<std::string>> answer;
    client.Call(service, method, "", {.timeout = std::chrono::seconds(30)},
                [&](absl::StatusOr<std::string> result) { answer = std::move(result); });
    while (!answer) loop.run_one();
    return *answer;
  }
};

TEST_F(GuestProgramsTest, TheAgentAnswersBehindItsPort) {
  // HealthCheckResponse{status: SERVING}
  EXPECT_EQ(Call("grpc.Health", "Check").value_or("none"), std::string("\x08\x01"));
  auto log = testing::ConnectToGuest(Vsock(), "connect 1025\n", 100);
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(log->Receive().status()));
  EXPECT_FALSE(testing::ConnectToGuest(Vsock(), "CONNECT 1026\n", 10'000).ok());
}

TEST_F(GuestProgramsTest, EachBootHasANewGuestAndTheEndLeavesNothing) {
  EXPECT_TRUE(Put("vm.reboot").ok());
  EXPECT_TRUE(Call("grpc.Health", "Check").ok());
  EXPECT_TRUE(Put("vm.shutdown").ok());
  EXPECT_FALSE(std::filesystem::exists(absl::StrCat(Api(), ".guest")));
  EXPECT_TRUE(Put("vm.boot").ok());
  EXPECT_TRUE(Call("grpc.Health", "Check").ok());
  EXPECT_TRUE(Put("vmm.shutdown").ok());
  EXPECT_EQ(AwaitExit().ShellStatus(), 0U) << base::testing::ReadFile(ErrorFile());
  EXPECT_FALSE(std::filesystem::exists(absl::StrCat(Api(), ".guest")));
}

TEST_F(GuestProgramsTest, DestroySandboxTurnsTheMachineOff) {
  (void)Call("grpc.AgentService", "DestroySandbox");
  EXPECT_EQ(AwaitExit().ShellStatus(), 0U) << base::testing::ReadFile(ErrorFile());
  EXPECT_FALSE(std::filesystem::exists(Vsock()));
}

TEST_F(GuestProgramsTest, FaultsOfTheAgentAreInADirectoryOfTheirOwn) {
  // The seams have different faults; neither must read the other's.
  ASSERT_TRUE(faults_->Add({.verb = "vm.info", .fault = Fault::kDrop}).ok());
  EXPECT_TRUE(Call("grpc.Health", "Check").ok());
}

}  // namespace
}  // namespace fakes
