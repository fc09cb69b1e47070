// SPDX-License-Identifier: Apache-2.0
// The program itself, with a NIC: frames go from the host to the guest's kernel and back. Needs
// root and /dev/net/tun.
#include <absl/strings/str_cat.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "agent/agent.ttrpc.h"
#include "base/network_namespace.h"
#include "base/status_macros.h"
#include "fakes/hypervisor/testing/vmm_test.h"
#include "netlink/ip.h"
#include "netlink/link.h"
#include "netlink/tap.h"
#include "ttrpc/client.h"

namespace fakes {
namespace {

using ::testing::HasSubstr;

constexpr char kMac[] = "02:00:00:00:00:0a";
constexpr char kHost[] = "10.9.0.1";
constexpr char kGuest[] = "10.9.0.2";
constexpr int kPatienceMs = 30'000;

class MachineNetworkTest : public testing::VmmTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: the agent mounts and makes cgroups";
    VmmTest::SetUp();
    tap_ = MakeTap();
    if (!tap_.ok()) GTEST_SKIP() << "needs /dev/net/tun";
    ASSERT_EQ(InSpace([](netlink::Socket& socket) -> absl::Status {
                ASSIGN_OR_RETURN(const netlink::Link tap, netlink::FindLink(socket, "tap0"));
                RETURN_IF_ERROR(netlink::AddAddress(
                    socket, {.link = tap.index, .ip = kHost, .prefix_length = 24}));
                return netlink::ChangeLink(socket, tap.index, {.up = true});
              }),
              absl::OkStatus());
    program_ = SHIMGAUGE_HYPERVISOR;
  }

  absl::Status InSpace(absl::FunctionRef<absl::Status(netlink::Socket&)> body) {
    return base::InNetworkNamespace(space_, [&]() -> absl::Status {
      ASSIGN_OR_RETURN(netlink::Socket socket, netlink::Socket::Open());
      return body(socket);
    });
  }

  absl::Status NameTheGuest() {
    absl::StatusOr<testing::BlockingSocket> socket = ConnectToAgent();
    RETURN_IF_ERROR(socket.status());
    boost::asio::io_context loop;
    ttrpc::Client client(loop, base::UniqueFd(::fcntl(socket->fd().get(), F_DUPFD_CLOEXEC, 3)));
    grpc::AgentServiceClient agent(client);
    grpc::UpdateInterfaceRequest request;
    request.mutable_interface()->set_name("eth0");
    request.mutable_interface()->set_hw_addr(kMac);
    request.mutable_interface()->set_mtu(1400);
    types::IPAddress& ip = *request.mutable_interface()->add_ip_addresses();
    ip.set_address(kGuest);
    ip.set_mask("24");
    std::optional<absl::Status> answer;
    agent.UpdateInterface(request, {}, [&answer](const absl::StatusOr<types::Interface>& result) {
      answer = result.status();
    });
    while (!answer) loop.run_one();
    return *answer;
  }

  // What comes of a connection from the host's side to a port of the guest where nobody listens:
  // ECONNREFUSED is the guest's own word.
  int Connect() {
    int error = 0;
    EXPECT_EQ(
        InSpace([&error](netlink::Socket&) {
          base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
          sockaddr_in guest{};
          guest.sin_family = AF_INET;
          guest.sin_port = htons(9);
          (void)::inet_pton(AF_INET, kGuest, &guest.sin_addr);
          (void)::connect(socket.get(), reinterpret_cast<sockaddr*>(&guest), sizeof(guest));
          pollfd ready{.fd = socket.get(), .events = POLLOUT, .revents = 0};
          (void)::poll(&ready, 1, kPatienceMs);
          socklen_t size = sizeof(error);
          (void)::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
          return absl::OkStatus();
        }),
        absl::OkStatus());
    return error;
  }

  base::UniqueFd tap_;
};

TEST_F(MachineNetworkTest, ATapThatIsHandedOverLeadsToTheGuest) {
  StartVmm();
  ASSERT_TRUE(Put("vm.create", Config()).ok());
  ASSERT_TRUE(client_
                  ->Call("PUT", "vm.add-net", absl::StrCat(R"({"id":"n","mac":")", kMac, "\"}"),
                         {tap_.get()})
                  .ok());
  tap_.reset();
  ASSERT_TRUE(Put("vm.boot").ok());
  ASSERT_EQ(NameTheGuest(), absl::OkStatus());
  EXPECT_EQ(Connect(), ECONNREFUSED);
  EXPECT_THAT(Get("vm.counters").value_or(""), ::testing::Not(HasSubstr(R"("rx_frames":0)")));
  ASSERT_TRUE(Put("vm.reboot").ok());
  ASSERT_EQ(NameTheGuest(), absl::OkStatus());
  EXPECT_EQ(Connect(), ECONNREFUSED);
  EXPECT_TRUE(Put("vmm.shutdown").ok());
  EXPECT_EQ(AwaitExit().ShellStatus(), 0U) << base::testing::ReadFile(ErrorFile());
  EXPECT_FALSE(IsTapThere());
}

TEST_F(MachineNetworkTest, ATapIsFoundByItsNameAndStaysIfItWasMadeToStay) {
  tap_.reset();
  ASSERT_EQ(InSpace([](netlink::Socket& socket) -> absl::Status {
              RETURN_IF_ERROR(netlink::CreateTap("tap0"));
              ASSIGN_OR_RETURN(const netlink::Link tap, netlink::FindLink(socket, "tap0"));
              RETURN_IF_ERROR(netlink::AddAddress(
                  socket, {.link = tap.index, .ip = kHost, .prefix_length = 24}));
              RETURN_IF_ERROR(netlink::ChangeLink(socket, tap.index, {.up = true}));
              return absl::OkStatus();
            }),
            absl::OkStatus());
  ASSERT_EQ(base::InNetworkNamespace(space_,
                                     [this] {
                                       StartVmm();
                                       return absl::OkStatus();
                                     }),
            absl::OkStatus());
  ASSERT_TRUE(Put("vm.create", Config()).ok());
  ASSERT_TRUE(
      Put("vm.add-net", absl::StrCat(R"({"id":"n","tap":"tap0","mac":")", kMac, "\"}")).ok());
  ASSERT_TRUE(Put("vm.boot").ok());
  ASSERT_EQ(NameTheGuest(), absl::OkStatus());
  EXPECT_EQ(Connect(), ECONNREFUSED);
  EXPECT_THAT(std::string(Put("vm.add-net", R"({"id":"m","tap":"tap0"})").status().message()),
              HasSubstr("tap0"))
      << "it is in use";
  ASSERT_TRUE(Put("vm.add-net", R"({"id":"own"})").ok());
  const auto find = [this](const std::string& name) {
    return InSpace([&name](netlink::Socket& socket) {
             return netlink::FindLink(socket, name).status();
           })
        .code();
  };
  EXPECT_EQ(find("vmtap0"), absl::StatusCode::kOk);
  Kill(SIGKILL);
  (void)AwaitExit();
  EXPECT_EQ(find("vmtap0"), absl::StatusCode::kNotFound);
  EXPECT_EQ(find("tap0"), absl::StatusCode::kOk);
}

TEST_F(MachineNetworkTest, WhatIsNoTapFailsTheBootByName) {
  StartVmm();
  ASSERT_TRUE(Put("vm.create", Config()).ok());
  const base::UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(client_->Call("PUT", "vm.add-net", R"({"id":"n"})", {tap_.get(), null.get()}).ok());
  EXPECT_THAT(std::string(Put("vm.boot").status().message()),
              HasSubstr("descriptor 1: expected a tap"));
  ASSERT_TRUE(Put("vm.remove-device", R"({"id":"n"})").ok());
  EXPECT_TRUE(Put("vm.boot").ok());
}

}  // namespace
}  // namespace fakes
