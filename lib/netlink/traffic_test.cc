// SPDX-License-Identifier: Apache-2.0
#include "netlink/traffic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netlink/link.h"
#include "netlink/tap.h"
#include "netlink/testing/frame_end.h"
#include "netlink/testing/network_test.h"

namespace netlink {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Traffic : public testing::NetworkTest {
 protected:
  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    AddPair("eth0", "peer");
    ASSERT_TRUE(CreateTap("tap0_vm").ok());
    tap_ = Find("tap0_vm").index;
    link_ = Find("eth0").index;
    ASSERT_TRUE(ChangeLink(socket(), tap_, {.up = true}).ok());
  }
  int link_ = 0;
  int tap_ = 0;
};

TEST_F(Traffic, AnIngressIsAddedOnceAndDeleted) {
  EXPECT_THAT(*ListIngress(socket()), IsEmpty());
  ASSERT_TRUE(AddIngress(socket(), link_).ok());
  const absl::Status twice = AddIngress(socket(), link_);
  EXPECT_EQ(twice.code(), absl::StatusCode::kAlreadyExists) << twice;
  EXPECT_THAT(*ListIngress(socket()), ElementsAre(link_));
  ASSERT_TRUE(AddIngress(socket(), tap_).ok());
  EXPECT_THAT(*ListIngress(socket()), UnorderedElementsAre(link_, tap_));
  ASSERT_TRUE(DeleteIngress(socket(), link_).ok());
  EXPECT_THAT(*ListIngress(socket()), ElementsAre(tap_));
  EXPECT_FALSE(DeleteIngress(socket(), link_).ok());
}

TEST_F(Traffic, FramesGoBetweenALinkAndATapInBothDirections) {
  const auto tap = OpenTap("tap0_vm");
  ASSERT_TRUE(tap.ok()) << tap.status();
  testing::FrameEnd guest = testing::FrameEnd::AtTap(*tap);
  auto peer = testing::FrameEnd::AtLink(Find("peer").index);
  ASSERT_TRUE(peer.ok()) << peer.status();
  for (const auto& [from, to] : {std::pair(link_, tap_), std::pair(tap_, link_)}) {
    ASSERT_TRUE(AddIngress(socket(), from).ok());
    const absl::Status redirected = RedirectIngress(socket(), from, to);
    ASSERT_TRUE(redirected.ok()) << redirected;
  }
  EXPECT_EQ(Carry(*peer, guest, "to the guest").value_or("nothing"), "to the guest");
  EXPECT_EQ(Carry(guest, *peer, "to the peer").value_or("nothing"), "to the peer");
}

TEST_F(Traffic, ARedirectNeedsAnIngressAndALink) {
  EXPECT_THAT(std::string(RedirectIngress(socket(), link_, tap_).message()),
              HasSubstr("redirect link "));
  ASSERT_TRUE(AddIngress(socket(), link_).ok());
  EXPECT_FALSE(RedirectIngress(socket(), link_, 4711).ok());
}

}  // namespace
}  // namespace netlink
