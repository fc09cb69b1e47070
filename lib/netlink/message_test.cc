// SPDX-License-Identifier: Apache-2.0
#include "netlink/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

namespace netlink {
namespace {

using ::testing::HasSubstr;

std::string AttributesOf(const Request& request) {
  return request.Encode(1).substr(sizeof(nlmsghdr) + sizeof(rtgenmsg) + 3);
}

// rtgenmsg is one byte: padded as the kernel wants it.
struct Header {
  rtgenmsg family{};
  char padding[3] = {};
};

TEST(Message, ARequestIsWhatTheKernelReads) {
  Request request(RTM_GETLINK, NLM_F_DUMP, Header());
  request.PutText(1, "ab");
  const std::string bytes = request.Encode(7);
  nlmsghdr header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  EXPECT_EQ(header.nlmsg_len, bytes.size());
  EXPECT_EQ(header.nlmsg_type, RTM_GETLINK);
  EXPECT_EQ(header.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
  EXPECT_EQ(header.nlmsg_seq, 7U);
  EXPECT_EQ(bytes.substr(20), std::string("\x07\0\x01\0ab\0\0", 8));
}

TEST(Message, AChangeAsksForItsResult) {
  const Request request(RTM_NEWLINK, NLM_F_CREATE, Header());
  nlmsghdr header;
  std::memcpy(&header, request.Encode(1).data(), sizeof(header));
  EXPECT_EQ(header.nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK);
}

TEST(Message, NestsAreReadAsTheyWereWritten) {
  Request request(RTM_NEWLINK, 0, Header());
  request.Put(3, std::uint32_t{1500});
  request.Nest(5, [&] {
    request.PutText(1, "veth");
    request.Nest(2, [&] { request.Put(9, std::uint16_t{4}); });
  });
  request.PutText(6, "after");
  const std::string bytes = AttributesOf(request);
  const auto outer = Attributes::Parse(bytes);
  ASSERT_TRUE(outer.ok()) << outer.status();
  EXPECT_EQ(outer->Get<std::uint32_t>(3), 1500U);
  EXPECT_EQ(outer->Text(6), "after");
  const auto inner = Attributes::Parse(outer->Find(5).value_or(""));
  ASSERT_TRUE(inner.ok()) << inner.status();
  EXPECT_EQ(inner->Text(1), "veth");
  const auto innermost = Attributes::Parse(inner->Find(2).value_or(""));
  ASSERT_TRUE(innermost.ok()) << innermost.status();
  EXPECT_EQ(innermost->Get<std::uint16_t>(9), 4);
}

TEST(Message, WhatHasAnotherSizeIsNoNumber) {
  Request request(RTM_NEWLINK, 0, Header());
  request.Put(3, std::uint16_t{1500});
  const std::string bytes = AttributesOf(request);
  const auto attributes = Attributes::Parse(bytes);
  ASSERT_TRUE(attributes.ok()) << attributes.status();
  EXPECT_EQ(attributes->Get<std::uint32_t>(3, 7), 7U);
  EXPECT_EQ(attributes->Get<std::uint32_t>(4, 8), 8U);
}

TEST(Message, AnAttributeBeyondItsMessageIsRefused) {
  const std::string beyond("\x09\0\x01\0ab\0\0", 8);
  EXPECT_THAT(Attributes::Parse(beyond).status().message(),
              HasSubstr("an attribute of 9 bytes where 8 are left"));
  const std::string endless("\0\0\x01\0", 4);
  EXPECT_FALSE(Attributes::Parse(endless).ok());
  const std::string unpadded("\x06\0\x01\0ab", 6);
  EXPECT_EQ(Attributes::Parse(unpadded)->Text(1), "ab");
}

TEST(Message, AHeaderThatIsCutIsRefused) {
  const Message message{.type = RTM_NEWLINK, .body = "short"};
  EXPECT_FALSE(message.Split<ifinfomsg>().ok());
}

}  // namespace
}  // namespace netlink
