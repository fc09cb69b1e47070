// SPDX-License-Identifier: Apache-2.0
// Both of kata's clients against the stand-in: their calls in their order, with their limits.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <filesystem>

#include "base/pidfd.h"
#include "fakes/hypervisor/testing/vmm_test.h"

namespace fakes {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using testing::KataClient;
using testing::KataGoClient;
using testing::KataRsClient;

class KataClientsTest : public testing::VmmTest {
 protected:
  // As the runtimes do: again every few milliseconds until the API answers.
  absl::Status AwaitPing(KataClient& client, int every_ms, int limit_ms) {
    const auto deadline = Clock::now() + std::chrono::milliseconds(limit_ms);
    for (;;) {
      const absl::Status status = client.Call("GET", "vmm.ping").status();
      if (status.ok() || Clock::now() > deadline || base::HasExited(vmm_.pidfd)) return status;
      pollfd gone{.fd = vmm_.pidfd.get(), .events = POLLIN, .revents = 0};
      (void)::poll(&gone, 1, every_ms);
    }
  }

  absl::StatusOr<testing::BlockingSocket> Dial(KataClient& client, unsigned port, int limit_ms) {
    const auto deadline = Clock::now() + std::chrono::milliseconds(limit_ms);
    for (;;) {
      auto socket = testing::ConnectToGuest(Vsock(), client.ConnectLine(port), 10'000);
      if (socket.ok() || Clock::now() > deadline) return socket;
    }
  }

  void ExpectOk(const absl::StatusOr<std::string>& answer) {
    EXPECT_TRUE(answer.ok()) << answer.status();
  }
  void ExpectGone() {
    pollfd gone{.fd = vmm_.pidfd.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&gone, 1, 3000), 1) << "not gone within the client's 3 s";
    EXPECT_EQ(AwaitExit().ShellStatus(), 0U);
    EXPECT_FALSE(std::filesystem::exists(Api()));
  }
};

TEST_F(KataClientsTest, GoRuntime) {
  const base::UniqueFd tap = MakeTap();
  if (!tap.ok()) GTEST_SKIP() << "needs root and /dev/net/tun";
  KataGoClient client(Api());
  StartVmm({"-v", "--seccomp", "false"}, /*await=*/false);
  ASSERT_TRUE(AwaitPing(client, 10, 10'000).ok());
  ExpectOk(client.Call("PUT", "vm.create", Config()));
  EXPECT_THAT(client.Call("GET", "vm.info").value_or(""), HasSubstr(R"("state":"Created")"));
  ExpectOk(client.Call("PUT", "vm.add-net", R"({"mac":"02:00:00:00:00:01","num_queues":2})",
                       {tap.get(), tap.get()}));
  ExpectOk(client.Call("PUT", "vm.boot"));
  const std::string info = client.Call("GET", "vm.info").value_or("");
  EXPECT_THAT(info, HasSubstr(R"("state":"Running")"));
  EXPECT_THAT(info, HasSubstr(R"("memory_actual_size":268435456)"));
  auto agent = Dial(client, 1024, 30'000);
  ASSERT_TRUE(agent.ok()) << agent.status();
  ASSERT_TRUE(agent->Send("check\n").ok());
  EXPECT_EQ(agent->ReceiveLine().value_or(""), "check");
  EXPECT_THAT(client
                  .Call("PUT", "vm.add-disk",
                        absl::StrCat(R"({"path":")", temp_.File("kernel"), R"(","id":"d"})"))
                  .value_or(""),
              HasSubstr(R"("bdf":"0000:00:)"));
  ExpectOk(client.Call("PUT", "vm.resize", R"({"desired_vcpus":3,"desired_ram":402653184})"));
  ExpectOk(client.Call("PUT", "vm.remove-device", R"({"id":"d"})"));
  for (int beat = 0; beat < 3; ++beat) ExpectOk(client.Call("GET", "vmm.ping"));
  ExpectOk(client.Call("PUT", "vmm.shutdown"));
  ExpectGone();
}

TEST_F(KataClientsTest, RuntimeRs) {
  const base::UniqueFd tap = MakeTap();
  if (!tap.ok()) GTEST_SKIP() << "needs root and /dev/net/tun";
  KataRsClient client(Api());
  client.timeout_ms = 60'000;  // it has none
  StartVmm({"--seccomp", "false"}, /*await=*/false);
  ASSERT_TRUE(AwaitPing(client, 50, 10'000).ok());
  ExpectOk(client.Call("PUT", "vm.create", Config()));
  ExpectOk(
      client.Call("PUT", "vm.add-net", R"({"mac":"02:00:00:00:00:01"})", {tap.get(), tap.get()}));
  ExpectOk(client.Call("PUT", "vm.boot"));
  auto agent = Dial(client, 1024, 10'000);
  ASSERT_TRUE(agent.ok()) << agent.status();
  ASSERT_TRUE(agent->Send("check\n").ok());
  EXPECT_EQ(agent->ReceiveLine().value_or(""), "check");
  // The place of a device becomes a path in the guest, so it must be one.
  const std::string disk =
      client.Call("PUT", "vm.add-disk", absl::StrCat(R"({"path":")", temp_.File("kernel"), "\"}"))
          .value_or("");
  EXPECT_THAT(disk, ::testing::ContainsRegex(R"("bdf":"0000:00:[01][0-9a-f]\.0")"));
  ExpectOk(client.Call("PUT", "vm.add-fs", R"({"tag":"kataShared","socket":"/s"})"));
  EXPECT_THAT(client.Call("GET", "vm.info").value_or(""), HasSubstr("kataShared"));
  EXPECT_THAT(
      std::string(client.Call("PUT", "vm.resize", R"({"desired_vcpus":9})").status().message()),
      HasSubstr("error 500"));
  ExpectOk(client.Call("PUT", "vmm.shutdown"));
  ExpectGone();
}

// What legal forms each client takes: the default must suit both.
TEST_F(KataClientsTest, OnlyTheDefaultFormSuitsBothClients) {
  StartVmm();
  const auto try_form = [&](Fault fault, KataClient& client) {
    EXPECT_TRUE(faults_->Add({.fault = fault, .occurrence = 0}).ok());
    const absl::StatusOr<std::string> answer = client.Call("GET", "vmm.ping");
    EXPECT_TRUE(faults_->Clear().ok());
    return answer.ok() && absl::StrContains(*answer, "51.0.0");
  };
  const auto suits_go = [&](Fault fault) {
    KataGoClient client(Api());
    return try_form(fault, client);
  };
  const auto suits_rs = [&](Fault fault) {
    KataRsClient client(Api());
    return try_form(fault, client);
  };
  EXPECT_TRUE(suits_go(Fault::kDrip));
  EXPECT_TRUE(suits_rs(Fault::kDrip));
  EXPECT_TRUE(suits_go(Fault::kClose));
  EXPECT_TRUE(suits_rs(Fault::kClose));
  EXPECT_TRUE(suits_go(Fault::kPhrase));
  EXPECT_FALSE(suits_rs(Fault::kPhrase));
  EXPECT_TRUE(suits_go(Fault::kChunked));
  EXPECT_FALSE(suits_rs(Fault::kChunked));
  EXPECT_FALSE(suits_go(Fault::kBare));
  EXPECT_TRUE(suits_rs(Fault::kBare));
  EXPECT_TRUE(suits_go(Fault::kFlood));
  EXPECT_TRUE(suits_rs(Fault::kFlood));
}

TEST_F(KataClientsTest, TheGoClientGivesUpOnASilentApi) {
  StartVmm();
  ASSERT_TRUE(faults_->Add({.verb = "vm.info", .fault = Fault::kHang, .id = "held"}).ok());
  KataGoClient client(Api());
  client.timeout_ms = 100;
  EXPECT_TRUE(absl::IsDeadlineExceeded(client.Call("GET", "vm.info").status()));
  // One thread serves the API: nobody else is answered either, until the call goes on.
  KataGoClient other(Api());
  other.timeout_ms = 100;
  EXPECT_TRUE(absl::IsDeadlineExceeded(other.Call("GET", "vmm.ping").status()));
  EXPECT_EQ(Control("release held"), "ok 1");
  EXPECT_TRUE(Get("vmm.ping").ok());
}

}  // namespace
}  // namespace fakes
