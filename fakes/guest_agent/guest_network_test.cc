// SPDX-License-Identifier: Apache-2.0
// A guest with a NIC: what the agent is told has its effect in the kernel.
#include "fakes/guest_agent/guest_network.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fakes/guest_agent/testing/guest_world.h"

namespace fakes {
namespace {

using Agent = grpc::AgentServiceClient;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kMac[] = "02:00:00:00:00:0a";
constexpr char kOtherMac[] = "02:00:00:00:00:0b";
constexpr unsigned kHeaderBytes = 12;

class GuestNetworkTest : public testing::GuestTest {
 protected:
  void SetUp() override {
    GuestTest::SetUp();
    if (IsSkipped()) return;
    if (::access("/dev/net/tun", R_OK | W_OK) != 0) GTEST_SKIP() << "needs /dev/net/tun";
    Boot();
    wire_ = Plug(kMac);
  }

  base::UniqueFd Plug(const std::string& mac) {
    absl::StatusOr<base::UniqueFd> wire = agent_->AddNic(mac, kHeaderBytes);
    EXPECT_TRUE(wire.ok()) << wire.status();
    return wire.ok() ? *std::move(wire) : base::UniqueFd();
  }

  absl::Status Update(const std::string& mac, const std::string& name,
                      const std::vector<std::pair<std::string, std::string>>& addresses = {}) {
    grpc::UpdateInterfaceRequest request;
    request.mutable_interface()->set_name(name);
    request.mutable_interface()->set_hw_addr(mac);
    request.mutable_interface()->set_mtu(1400);
    for (const auto& [ip, mask] : addresses) {
      request.mutable_interface()->add_ip_addresses()->set_address(ip);
      request.mutable_interface()->mutable_ip_addresses()->rbegin()->set_mask(mask);
    }
    return Do(&Agent::UpdateInterface, request).status();
  }

  absl::StatusOr<grpc::Routes> Routes(const std::vector<types::Route>& routes) {
    grpc::UpdateRoutesRequest request;
    request.mutable_routes();
    for (const types::Route& route : routes) *request.mutable_routes()->add_routes() = route;
    return Do(&Agent::UpdateRoutes, request);
  }

  static types::Route Route(const std::string& dest, const std::string& gateway,
                            const std::string& device = "pod0") {
    types::Route route;
    route.set_dest(dest);
    route.set_gateway(gateway);
    route.set_device(device);
    route.set_family(absl::StrContains(absl::StrCat(dest, gateway), ':') ? types::v6 : types::v4);
    return route;
  }

  // "name mac mtu address/prefix…" of each, but link-local addresses, which are the kernel's.
  std::vector<std::string> Links() {
    std::vector<std::string> lines;
    const auto all = Do(&Agent::ListInterfaces, grpc::ListInterfacesRequest());
    EXPECT_TRUE(all.ok()) << all.status();
    if (!all.ok()) return lines;
    for (const types::Interface& link : all->interfaces()) {
      std::string& line =
          lines.emplace_back(absl::StrCat(link.name(), " ", link.hw_addr(), " ", link.mtu()));
      for (const types::IPAddress& ip : link.ip_addresses()) {
        if (absl::StartsWith(ip.address(), "fe80")) continue;
        absl::StrAppend(&line, " ", ip.address(), "/", ip.mask());
      }
    }
    return lines;
  }

  // "dest via gateway device" of each.
  static std::vector<std::string> Lines(const absl::StatusOr<grpc::Routes>& routes) {
    EXPECT_TRUE(routes.ok()) << routes.status();
    std::vector<std::string> lines;
    if (!routes.ok()) return lines;
    for (const types::Route& route : routes->routes()) {
      lines.push_back(absl::StrCat(route.dest(), " via ", route.gateway(), " ", route.device()));
    }
    return lines;
  }

  base::UniqueFd wire_;
};

TEST_F(GuestNetworkTest, ALinkGetsWhatItsUpdateSaysAndNothingElse) {
  EXPECT_THAT(Links(), Contains(absl::StrCat("eth0 ", kMac, " 1500")));
  ASSERT_EQ(Update("02:00:00:00:00:0A", "pod0", {{"10.9.0.2", "24"}, {"fd09::2", "64"}}),
            absl::OkStatus());
  EXPECT_THAT(Links(), Contains(absl::StrCat("pod0 ", kMac, " 1400 10.9.0.2/24 fd09::2/64")));
  ASSERT_EQ(Update(kMac, "pod0", {{"10.9.0.3", "16"}}), absl::OkStatus());
  EXPECT_THAT(Links(), Contains(absl::StrCat("pod0 ", kMac, " 1400 10.9.0.3/16")));
  EXPECT_THAT(Links(), Contains(HasSubstr("127.0.0.1/8")));
}

TEST_F(GuestNetworkTest, WhoHasTheNameGetsTheOneThatIsFree) {
  const base::UniqueFd other = Plug(kOtherMac);
  ASSERT_EQ(Update(kOtherMac, "eth0", {{"10.9.0.2", "24"}}), absl::OkStatus());
  EXPECT_THAT(Links(), Contains(absl::StrCat("eth0 ", kOtherMac, " 1400 10.9.0.2/24")));
  EXPECT_THAT(Links(), Contains(absl::StrCat("eth1 ", kMac, " 1500")));
}

TEST_F(GuestNetworkTest, RoutesAreReplacedButTheKernels) {
  ASSERT_EQ(Update(kMac, "pod0", {{"10.9.0.2", "24"}, {"fd09::2", "64"}}), absl::OkStatus());
  // The gateway's own route comes second, and the kernel's is named, too.
  const auto first = Lines(Routes({Route("", "10.9.0.1"), Route("10.8.0.0/16", ""),
                                   Route("10.9.0.0/24", ""), Route("", "fd09::1")}));
  EXPECT_THAT(first, Contains(" via 10.9.0.1 pod0"));
  EXPECT_THAT(first, Contains(" via fd09::1 pod0"));
  EXPECT_THAT(first, Contains("10.8.0.0/16 via  pod0"));
  const auto second = Lines(Routes({Route("10.7.0.0/16", "10.9.0.1")}));
  EXPECT_THAT(second, Contains("10.7.0.0/16 via 10.9.0.1 pod0"));
  EXPECT_THAT(second, Contains("10.9.0.0/24 via  pod0"));
  EXPECT_THAT(second, Not(Contains(" via 10.9.0.1 pod0")));
  EXPECT_THAT(second, Not(Contains("10.8.0.0/16 via  pod0")));
  EXPECT_EQ(Lines(Do(&Agent::ListRoutes, grpc::ListRoutesRequest())), second);
}

TEST_F(GuestNetworkTest, WhatIsNotThereOrNoAddressIsAnError) {
  EXPECT_THAT(std::string(Update(kOtherMac, "pod0").message()), HasSubstr(kOtherMac));
  EXPECT_EQ(Update(kOtherMac, "pod0").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Update(kMac, "pod0", {{"10.9.0.2", "33"}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Update(kMac, "pod0", {{"ten", "8"}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Routes({Route("10.7.0.0/16", "", "none")}).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_FALSE(Routes({Route("", "10.9.0.1")}).ok()) << "nobody leads there";
  grpc::AddARPNeighborsRequest neighbors;
  neighbors.mutable_neighbors()->add_arp_neighbors()->set_device("none");
  EXPECT_EQ(Do(&Agent::AddARPNeighbors, neighbors).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(GuestNetworkTest, ContainersSeeItAndItsNeighbours) {
  ASSERT_EQ(Update(kMac, "pod0", {{"10.9.0.2", "24"}}), absl::OkStatus());
  grpc::AddARPNeighborsRequest neighbors;
  types::ARPNeighbor& neighbor = *neighbors.mutable_neighbors()->add_arp_neighbors();
  neighbor.mutable_to_ip_address()->set_address("10.9.0.1");
  neighbor.set_device("pod0");
  neighbor.set_lladdr("02:00:00:00:00:01");
  ASSERT_TRUE(Do(&Agent::AddARPNeighbors, neighbors).ok());
  ASSERT_TRUE(Do(&Agent::CreateSandbox, grpc::CreateSandboxRequest()).ok());
  for (const char* id : {"a", "b"}) {
    RunScript(id, "cat /proc/net/dev /proc/net/arp");
    const std::string seen = ReadAll(id);
    EXPECT_THAT(seen, HasSubstr("pod0:"));
    EXPECT_THAT(seen, ::testing::ContainsRegex("10.9.0.1 .* 02:00:00:00:00:01"));
    EXPECT_EQ(Wait(id), 0);
  }
}

TEST_F(GuestNetworkTest, TheNicGoesWithItsWire) {
  const base::UniqueFd other = Plug(kOtherMac);
  int bytes = 0;
  ASSERT_EQ(::ioctl(wire_.get(), TUNGETVNETHDRSZ, &bytes), 0);
  EXPECT_EQ(bytes, static_cast<int>(kHeaderBytes));
  wire_.reset();
  EXPECT_THAT(Links(), ElementsAre(HasSubstr("lo"), HasSubstr(kOtherMac)));
}

}  // namespace
}  // namespace fakes
