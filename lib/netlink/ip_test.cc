// SPDX-License-Identifier: Apache-2.0
#include "netlink/ip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "netlink/link.h"
#include "netlink/testing/network_test.h"

namespace netlink {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Ip : public testing::NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (!IsSkipped()) AddPair("eth0", "peer");
  }
  int link() { return Find("eth0").index; }
  void Add(const std::string& ip, int length) {
    const absl::Status added = AddAddress(
        socket(), {.link = link(), .ip = ip, .prefix_length = length, .flags = IFA_F_NODAD});
    ASSERT_TRUE(added.ok()) << added;
  }
};

TEST_F(Ip, AddressesOfBothFamiliesAreAddedListedAndDeleted) {
  ASSERT_NO_FATAL_FAILURE(Add("10.1.2.3", 24));
  ASSERT_NO_FATAL_FAILURE(Add("fd00::3", 64));
  const auto addresses = ListAddresses(socket());
  ASSERT_TRUE(addresses.ok()) << addresses.status();
  EXPECT_THAT(*addresses,
              Contains(AllOf(Field(&Address::ip, "10.1.2.3"), Field(&Address::prefix_length, 24),
                             Field(&Address::link, link()))));
  EXPECT_THAT(*addresses,
              Contains(AllOf(Field(&Address::ip, "fd00::3"), Field(&Address::prefix_length, 64))));
  // The kernel's own.
  EXPECT_THAT(*addresses, Contains(AllOf(Field(&Address::ip, HasSubstr("fe80::")),
                                         Field(&Address::scope, RT_SCOPE_LINK))));
  const absl::Status twice =
      AddAddress(socket(), {.link = link(), .ip = "10.1.2.3", .prefix_length = 24});
  EXPECT_EQ(twice.code(), absl::StatusCode::kAlreadyExists) << twice;
  for (const Address& address : *addresses) {
    const absl::Status deleted = DeleteAddress(socket(), address);
    EXPECT_TRUE(deleted.ok()) << deleted;
  }
  EXPECT_THAT(*ListAddresses(socket()), IsEmpty());
}

TEST_F(Ip, RoutesAreAddedListedAndDeleted) {
  ASSERT_NO_FATAL_FAILURE(Add("10.1.2.3", 24));
  ASSERT_NO_FATAL_FAILURE(Add("fd00::3", 64));
  const std::vector<Route> routes = {
      {.family = AF_INET, .gateway = "10.1.2.1", .link = link()},
      {.family = AF_INET6, .gateway = "fd00::1", .link = link(), .priority = 7},
      {.family = AF_INET,
       .destination = "192.168.0.0",
       .prefix_length = 16,
       .link = link(),
       .source = "10.1.2.3",
       .scope = RT_SCOPE_LINK,
       .mtu = 1300},
      {.family = AF_INET,
       .destination = "172.16.0.0",
       .prefix_length = 12,
       .gateway = "198.51.100.1",
       .link = link(),
       .flags = RTNH_F_ONLINK},
      {.family = AF_INET,
       .destination = "203.0.113.0",
       .prefix_length = 24,
       .gateway = "fd00::1",
       .link = link()}};
  for (const Route& route : routes) {
    const absl::Status added = AddRoute(socket(), route);
    ASSERT_TRUE(added.ok()) << added;
  }
  const auto listed = ListRoutes(socket());
  ASSERT_TRUE(listed.ok()) << listed.status();
  for (Route route : routes) {
    route.protocol = RTPROT_BOOT;
    if (route.family == AF_INET6 && route.priority == 0) route.priority = 1024;
    EXPECT_THAT(*listed, Contains(route)) << route.destination;
  }
  EXPECT_THAT(*listed, Contains(AllOf(Field(&Route::destination, "10.1.2.0"),
                                      Field(&Route::protocol, RTPROT_KERNEL))));
  EXPECT_EQ(AddRoute(socket(), routes.front()).code(), absl::StatusCode::kAlreadyExists);
  for (const Route& route : routes) {
    const absl::Status deleted = DeleteRoute(socket(), route);
    EXPECT_TRUE(deleted.ok()) << deleted;
  }
  EXPECT_THAT(*ListRoutes(socket()), Not(Contains(Field(&Route::destination, ""))));
}

TEST_F(Ip, AFailureSaysWhatWasTriedAndWhy) {
  const absl::Status unreachable =
      AddRoute(socket(), {.family = AF_INET, .gateway = "10.9.9.9", .link = link()});
  EXPECT_THAT(std::string(unreachable.message()),
              AllOf(HasSubstr("add route to default via 10.9.9.9"),
                    HasSubstr("Nexthop has invalid gateway")));
}

TEST_F(Ip, WhatIsNoAddressIsRefused) {
  EXPECT_THAT(
      std::string(
          AddAddress(socket(), {.link = link(), .ip = "10.1.2", .prefix_length = 8}).message()),
      HasSubstr("\"10.1.2\": expected an IP address"));
  EXPECT_THAT(
      std::string(
          AddAddress(socket(), {.link = link(), .ip = "10.1.2.3", .prefix_length = 33}).message()),
      HasSubstr("expected 0 to 32, not 33"));
  EXPECT_FALSE(AddRoute(socket(), {.link = link()}).ok());
  EXPECT_FALSE(AddRoute(socket(), {.family = AF_INET, .gateway = "here", .link = link()}).ok());
  EXPECT_FALSE(
      AddRoute(socket(), {.family = AF_INET, .destination = "fd00::", .link = link()}).ok());
  EXPECT_FALSE(AddRoute(socket(), {.family = AF_INET, .prefix_length = 8, .link = link()}).ok());
  EXPECT_FALSE(SetNeighbor(socket(), {.link = link(), .ip = "x", .mac = "02:00:00:00:00:01"}).ok());
  EXPECT_FALSE(SetNeighbor(socket(), {.link = link(), .ip = "10.0.0.1", .mac = "x"}).ok());
}

TEST_F(Ip, NeighboursAreSetAndListed) {
  ASSERT_NO_FATAL_FAILURE(Add("10.1.2.3", 24));
  Neighbor neighbor{
      .link = link(), .ip = "10.1.2.9", .mac = "02:00:00:00:00:09", .state = NUD_PERMANENT};
  ASSERT_TRUE(SetNeighbor(socket(), neighbor).ok());
  neighbor.mac = "02:00:00:00:00:0a";
  const absl::Status replaced = SetNeighbor(socket(), neighbor);
  ASSERT_TRUE(replaced.ok()) << replaced;
  std::vector<Neighbor> listed = *ListNeighbors(socket());
  listed.erase(std::remove_if(listed.begin(), listed.end(),
                              [](const Neighbor& one) { return one.state != NUD_PERMANENT; }),
               listed.end());
  EXPECT_THAT(listed, ElementsAre(neighbor));
}

}  // namespace
}  // namespace netlink
