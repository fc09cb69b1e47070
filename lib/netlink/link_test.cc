// SPDX-License-Identifier: Apache-2.0
#include "netlink/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netlink/tap.h"
#include "netlink/testing/network_test.h"

namespace netlink {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

using Links = testing::NetworkTest;

TEST_F(Links, AFreshNamespaceHasLoAlone) {
  const auto links = ListLinks(socket());
  ASSERT_TRUE(links.ok()) << links.status();
  ASSERT_THAT(*links, ElementsAre(Field(&Link::name, "lo")));
  EXPECT_TRUE(links->front().loopback());
  EXPECT_FALSE(links->front().up());
  EXPECT_EQ(FindLink(socket(), "eth0").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(Links, APairIsMadeChangedAndDeleted) {
  ASSERT_TRUE(AddVethPair(socket(), "one", "two").ok());
  Link one = Find("one");
  EXPECT_EQ(one.kind, "veth");
  EXPECT_FALSE(one.up());
  EXPECT_FALSE(one.loopback());
  const absl::Status changed = ChangeLink(
      socket(), one.index, {.up = true, .name = "eth0", .mac = "02:00:00:00:00:0a", .mtu = 1400});
  ASSERT_TRUE(changed.ok()) << changed;
  EXPECT_EQ(FindLink(socket(), "one").status().code(), absl::StatusCode::kNotFound);
  one = Find("eth0");
  EXPECT_EQ(one.mac, "02:00:00:00:00:0a");
  EXPECT_EQ(one.mtu, 1400U);
  EXPECT_TRUE(one.up());
  ASSERT_TRUE(ChangeLink(socket(), one.index, {.up = false}).ok());
  EXPECT_FALSE(Find("eth0").up());
  ASSERT_TRUE(DeleteLink(socket(), one.index).ok());
  EXPECT_THAT(*ListLinks(socket()), ElementsAre(Field(&Link::name, "lo")));
}

TEST_F(Links, ALinkMovesToAnotherNamespace) {
  const testing::NetworkNamespace other;
  ASSERT_TRUE(AddVethPair(socket(), "near", "far", other.fd()).ok());
  EXPECT_FALSE(FindLink(socket(), "far").ok());
  const absl::Status moved =
      ChangeLink(socket(), Find("near").index, {.network_namespace = other.fd()});
  ASSERT_TRUE(moved.ok()) << moved;
  EXPECT_THAT(*ListLinks(socket()), ElementsAre(Field(&Link::name, "lo")));
}

TEST_F(Links, AFailureSaysWhatWasTriedAndWhy) {
  ASSERT_TRUE(AddVethPair(socket(), "one", "two").ok());
  const absl::Status twice = AddVethPair(socket(), "one", "three");
  EXPECT_EQ(twice.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(twice.message()),
              AllOf(HasSubstr("add links one and three"), HasSubstr("File exists")));
  // With the kernel's explanation.
  const absl::Status small = ChangeLink(socket(), Find("one").index, {.mtu = 10});
  EXPECT_EQ(small.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(small.message()), HasSubstr("mtu less than device minimum"));
  EXPECT_FALSE(DeleteLink(socket(), 4711).ok());
}

TEST_F(Links, ANameOrMacThatIsNoneIsRefused) {
  for (const char* name : {"", "a-name-of-16-char", "a/b", "a b", "tap%d", "..", "a:1"}) {
    EXPECT_FALSE(ValidateLinkName(name).ok()) << name;
  }
  EXPECT_TRUE(ValidateLinkName("fifteen-chars-x").ok());
  ASSERT_TRUE(AddVethPair(socket(), "one", "two").ok());
  for (const char* mac : {"", "02:00:00:00:00", "02:00:00:00:00:0g", "2:0:0:0:0:1"}) {
    const absl::Status status = ChangeLink(socket(), Find("one").index, {.mac = mac});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << mac;
    EXPECT_THAT(std::string(status.message()), HasSubstr("expected a MAC")) << mac;
  }
}

TEST_F(Links, ATapStaysUntilItIsDeleted) {
  const absl::Status created = CreateTap("tap0_vm");
  ASSERT_TRUE(created.ok()) << created;
  EXPECT_EQ(Find("tap0_vm").kind, "tun");
  EXPECT_EQ(CreateTap("tap0_vm").code(), absl::StatusCode::kAlreadyExists);
  {
    const auto tap = OpenTap("tap0_vm");
    ASSERT_TRUE(tap.ok()) << tap.status();
    EXPECT_FALSE(OpenTap("tap0_vm").ok());
  }
  ASSERT_TRUE(DeleteLink(socket(), Find("tap0_vm").index).ok());
  EXPECT_THAT(*ListLinks(socket()), ElementsAre(Field(&Link::name, "lo")));
}

TEST_F(Links, ATapThatIsMadeByOpeningGoesWithIt) {
  {
    const auto tap = OpenTap("guest");
    ASSERT_TRUE(tap.ok()) << tap.status();
    EXPECT_EQ(Find("guest").kind, "tun");
  }
  EXPECT_EQ(FindLink(socket(), "guest").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(OpenTap("no good").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace netlink
