// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/pod_network.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>
#include <optional>

#include "netlink/tap.h"
#include "netlink/testing/frame_end.h"
#include "netlink/testing/network_test.h"
#include "netlink/traffic.h"
#include "reference-shim/backends/vm/agent_network.h"

namespace backends {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

// A pod with eth0, whose peer is in the test's own namespace.
class PodNetworkTest : public netlink::testing::NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    pod_.emplace();
    inside_.emplace(pod_->OpenSocket());
    Ok(netlink::AddVethPair(socket(), "peer", "eth0", pod_->fd()));
    Ok(netlink::ChangeLink(socket(), Find("peer").index, {.up = true}));
    Ok(netlink::ChangeLink(*inside_, InPod("eth0").index,
                           {.up = true, .mac = "02:00:00:00:00:0a", .mtu = 1400}));
  }
  void TearDown() override {
    inside_.reset();
    pod_.reset();
    NetworkTest::TearDown();
  }

  static void Ok(const absl::Status& status) { ASSERT_TRUE(status.ok()) << status; }
  netlink::Link InPod(const std::string& name) {
    absl::StatusOr<netlink::Link> link = netlink::FindLink(*inside_, name);
    EXPECT_TRUE(link.ok()) << link.status();
    return link.ok() ? *std::move(link) : netlink::Link();
  }
  void AddAddress(const std::string& ip, int length, const char* link = "eth0") {
    Ok(netlink::AddAddress(
        *inside_,
        {.link = InPod(link).index, .ip = ip, .prefix_length = length, .flags = IFA_F_NODAD}));
  }
  // Without what comes and goes by itself (IFF_RUNNING).
  std::vector<netlink::Link> PodLinks() {
    std::vector<netlink::Link> links = netlink::ListLinks(*inside_).value();
    for (netlink::Link& link : links) link.flags &= IFF_UP | IFF_PROMISC | IFF_NOARP;
    return links;
  }
  PodNetwork Inspect() {
    absl::StatusOr<PodNetwork> network = InspectPodNetwork(pod_->path());
    EXPECT_TRUE(network.ok()) << network.status();
    return network.ok() ? *std::move(network) : PodNetwork();
  }

  std::optional<netlink::testing::NetworkNamespace> pod_;
  std::optional<netlink::Socket> inside_;
};

TEST_F(PodNetworkTest, ALinkIsToldWithAllThatItsGuestNeeds) {
  AddAddress("10.1.2.3", 24);
  AddAddress("fd00::3", 64);
  const int link = InPod("eth0").index;
  Ok(netlink::AddRoute(*inside_, {.family = AF_INET,
                                  .destination = "169.254.1.1",
                                  .prefix_length = 32,
                                  .link = link,
                                  .scope = RT_SCOPE_LINK}));
  Ok(netlink::AddRoute(*inside_, {.family = AF_INET, .gateway = "169.254.1.1", .link = link}));
  Ok(netlink::AddRoute(*inside_, {.family = AF_INET,
                                  .destination = "203.0.113.0",
                                  .prefix_length = 24,
                                  .type = RTN_BLACKHOLE}));
  Ok(netlink::SetNeighbor(
      *inside_,
      {.link = link, .ip = "169.254.1.1", .mac = "ee:ee:ee:ee:ee:ee", .state = NUD_PERMANENT}));
  Ok(netlink::SetNeighbor(
      *inside_, {.link = link, .ip = "10.1.2.4", .mac = "ee:ee:ee:ee:ee:ef", .state = NUD_STALE}));
  const PodNetwork network = Inspect();
  ASSERT_THAT(network.nics, SizeIs(1));
  const PodNic& nic = network.nics.front();
  EXPECT_EQ(nic.link.index, link);
  EXPECT_EQ(nic.tap, "tap0_vm");

  const types::Interface interface = ToInterface(nic);
  EXPECT_EQ(interface.name(), "eth0");
  EXPECT_EQ(interface.device(), "eth0");
  EXPECT_EQ(interface.hw_addr(), "02:00:00:00:00:0a");
  EXPECT_EQ(interface.mtu(), 1400U);
  ASSERT_EQ(interface.ip_addresses_size(), 2) << "the kernel's own is not told";
  EXPECT_EQ(interface.ip_addresses(0).address(), "10.1.2.3");
  EXPECT_EQ(interface.ip_addresses(0).mask(), "24");
  EXPECT_EQ(interface.ip_addresses(0).family(), types::v4);
  EXPECT_EQ(interface.ip_addresses(1).address(), "fd00::3");
  EXPECT_EQ(interface.ip_addresses(1).family(), types::v6);

  const grpc::Routes routes = ToRoutes(network);
  ASSERT_EQ(routes.routes_size(), 2);
  EXPECT_EQ(routes.routes(0).dest(), "169.254.1.1/32") << "the gateway is reached by it";
  EXPECT_EQ(routes.routes(0).scope(), static_cast<unsigned>(RT_SCOPE_LINK));
  EXPECT_EQ(routes.routes(1).dest(), "");
  EXPECT_EQ(routes.routes(1).gateway(), "169.254.1.1");
  EXPECT_EQ(routes.routes(1).device(), "eth0");

  const grpc::ARPNeighbors neighbors = ToNeighbors(network);
  ASSERT_EQ(neighbors.arp_neighbors_size(), 1);
  EXPECT_EQ(neighbors.arp_neighbors(0).to_ip_address().address(), "169.254.1.1");
  EXPECT_EQ(neighbors.arp_neighbors(0).lladdr(), "ee:ee:ee:ee:ee:ee");
  EXPECT_EQ(neighbors.arp_neighbors(0).device(), "eth0");
  EXPECT_EQ(neighbors.arp_neighbors(0).state(), NUD_PERMANENT);
}

TEST_F(PodNetworkTest, FramesGoBetweenThePeerAndTheTapInBothDirections) {
  AddAddress("10.1.2.3", 24);
  const PodNetwork network = Inspect();
  const std::vector<netlink::Link> before = PodLinks();
  Ok(WirePodNetwork(network));
  EXPECT_TRUE(InPod("tap0_vm").up());
  EXPECT_EQ(InPod("tap0_vm").mtu, 1400U);
  {
    absl::StatusOr<base::UniqueFd> tap = absl::UnknownError("not opened");
    pod_->Visit([&tap] { tap = netlink::OpenTap("tap0_vm"); });
    ASSERT_TRUE(tap.ok()) << tap.status();
    netlink::testing::FrameEnd guest = netlink::testing::FrameEnd::AtTap(*tap);
    auto peer = netlink::testing::FrameEnd::AtLink(Find("peer").index);
    ASSERT_TRUE(peer.ok()) << peer.status();
    EXPECT_EQ(Carry(*peer, guest, "to the guest").value_or("nothing"), "to the guest");
    EXPECT_EQ(Carry(guest, *peer, "to the peer").value_or("nothing"), "to the peer");
  }
  Ok(UnwirePodNetwork(network));
  EXPECT_EQ(PodLinks(), before);
  EXPECT_THAT(*netlink::ListIngress(*inside_), IsEmpty());
  Ok(UnwirePodNetwork(network));
  EXPECT_EQ(PodLinks(), before) << "a second time";
}

TEST_F(PodNetworkTest, EveryLinkWithAnAddressHasATapOfItsOwn) {
  AddAddress("10.1.2.3", 24);
  for (const char* name : {"bare", "eth1", "off"}) {
    Ok(netlink::AddVethPair(*inside_, name, absl::StrCat("of-", name)));
    Ok(netlink::ChangeLink(*inside_, InPod(name).index, {.up = true}));
  }
  AddAddress("10.2.2.3", 24, "eth1");
  AddAddress("10.3.2.3", 24, "off");
  Ok(netlink::ChangeLink(*inside_, InPod("off").index, {.up = false}));
  const PodNetwork network = Inspect();
  std::vector<std::string> taps;
  for (const PodNic& nic : network.nics) taps.push_back(nic.link.name + " " + nic.tap);
  std::sort(taps.begin(), taps.end(), [](const auto& a, const auto& b) {
    return a.substr(a.find(' ')) < b.substr(b.find(' '));
  });
  ASSERT_THAT(taps, SizeIs(2));
  EXPECT_THAT(taps.front(), HasSubstr("tap0_vm"));
  EXPECT_THAT(taps.back(), HasSubstr("tap1_vm"));
  Ok(WirePodNetwork(network));
  EXPECT_THAT(*netlink::ListIngress(*inside_), SizeIs(4));
  Ok(UnwirePodNetwork(network));
  EXPECT_THAT(*netlink::ListIngress(*inside_), IsEmpty());
}

TEST_F(PodNetworkTest, WithoutAnAddressOrInOurOwnNamespaceThereIsNothingToWire) {
  EXPECT_THAT(Inspect().nics, IsEmpty());
  AddAddress("10.1.2.3", 24);
  absl::StatusOr<PodNetwork> own = absl::UnknownError("not inspected");
  pod_->Visit([&] { own = InspectPodNetwork(pod_->path()); });
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_THAT(own->nics, IsEmpty());
  Ok(WirePodNetwork(*own));
  EXPECT_THAT(*netlink::ListIngress(*inside_), IsEmpty());
}

TEST_F(PodNetworkTest, WhatIsSomebodyElsesIsRefusedAndStays) {
  AddAddress("10.1.2.3", 24);
  Ok(netlink::AddIngress(*inside_, InPod("eth0").index));
  EXPECT_THAT(Message(InspectPodNetwork(pod_->path()).status()),
              AllOf(HasSubstr(pod_->path()), HasSubstr("eth0 has an ingress qdisc already")));
  Ok(netlink::DeleteIngress(*inside_, InPod("eth0").index));
  Ok(netlink::AddVethPair(*inside_, "tap0_vm", "other"));
  EXPECT_THAT(Message(InspectPodNetwork(pod_->path()).status()),
              HasSubstr("there is a link tap0_vm already"));
}

TEST_F(PodNetworkTest, ALinkWithoutAMacIsRefused) {
  base::UniqueFd tun;
  pod_->Visit([&tun] {
    tun.reset(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    struct ifreq request {};
    std::strcpy(request.ifr_name, "wg0");
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    ASSERT_EQ(::ioctl(tun.get(), TUNSETIFF, &request), 0);
  });
  Ok(netlink::ChangeLink(*inside_, InPod("wg0").index, {.up = true}));
  AddAddress("10.9.9.9", 24, "wg0");
  const absl::Status refused = InspectPodNetwork(pod_->path()).status();
  EXPECT_TRUE(absl::IsUnimplemented(refused)) << refused;
  EXPECT_THAT(Message(refused), HasSubstr("link wg0 (tun)"));
}

TEST_F(PodNetworkTest, WhatIsLeftOfAHalfIsRemoved) {
  AddAddress("10.1.2.3", 24);
  const PodNetwork network = Inspect();
  const std::vector<netlink::Link> before = PodLinks();
  // The maker has died after its first steps.
  pod_->Visit([] { Ok(netlink::CreateTap("tap0_vm")); });
  Ok(UnwirePodNetwork(network));
  EXPECT_EQ(PodLinks(), before);
}

// The second of two equal NICs finds what a `delete` finds that another was quicker than, after it
// has looked what there is.
TEST_F(PodNetworkTest, WhatSomebodyElseHasRemovedMeanwhileIsNoFailure) {
  AddAddress("10.1.2.3", 24);
  PodNetwork network = Inspect();
  const std::vector<netlink::Link> before = PodLinks();
  Ok(WirePodNetwork(network));
  ASSERT_THAT(network.nics, SizeIs(1));
  const PodNic twice = network.nics.front();
  network.nics.push_back(twice);
  Ok(UnwirePodNetwork(network));
  EXPECT_EQ(PodLinks(), before);
  EXPECT_THAT(*netlink::ListIngress(*inside_), IsEmpty());
}

TEST_F(PodNetworkTest, ANamespaceThatIsGoneOrAnotherIsLeftAlone) {
  AddAddress("10.1.2.3", 24);
  PodNetwork network = Inspect();
  Ok(WirePodNetwork(network));
  PodNetwork moved = network;
  moved.inode += 1;
  Ok(UnwirePodNetwork(moved));
  EXPECT_THAT(*netlink::ListIngress(*inside_), SizeIs(2)) << "another one is called so";
  moved.path = "/no/such/namespace";
  Ok(UnwirePodNetwork(moved));
  EXPECT_TRUE(absl::IsNotFound(InspectPodNetwork(moved.path).status()));
  const std::string file = temp_.File("no-namespace");
  base::testing::WriteFile(file, "");
  EXPECT_THAT(Message(InspectPodNetwork(file).status()), HasSubstr("enter the network namespace"));
}

TEST_F(PodNetworkTest, TheRecordIsReadAsItWasWritten) {
  AddAddress("10.1.2.3", 24);
  const int link = InPod("eth0").index;
  Ok(netlink::AddRoute(*inside_, {.family = AF_INET, .gateway = "10.1.2.1", .link = link}));
  Ok(netlink::SetNeighbor(
      *inside_,
      {.link = link, .ip = "10.1.2.1", .mac = "ee:ee:ee:ee:ee:ee", .state = NUD_PERMANENT}));
  const PodNetwork network = Inspect();
  ASSERT_THAT(network.nics.front().routes, SizeIs(1));
  ASSERT_THAT(network.nics.front().neighbors, SizeIs(1));
  const auto read = DecodePodNetwork(EncodePodNetwork(network));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, network);
  for (const char* text : {"", "{", "[]", "{\"path\": 1}", "{\"path\": \"\", \"inode\": 1}"}) {
    EXPECT_EQ(DecodePodNetwork(text).status().code(), absl::StatusCode::kInternal) << text;
  }
}

}  // namespace
}  // namespace backends
