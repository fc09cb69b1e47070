// SPDX-License-Identifier: Apache-2.0
#include "vm/hybrid_vsock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/testing/leak_guard.h"

namespace vm {
namespace {

using ::testing::HasSubstr;

TEST(HybridVsockTest, ParsesWhatItFormats) {
  EXPECT_EQ(FormatVsockConnect(1024), "CONNECT 1024\n");
  EXPECT_EQ(FormatVsockOk(1U << 30), "OK 1073741824\n");
  EXPECT_EQ(ParseVsockConnect("CONNECT 1024").value(), 1024U);
  EXPECT_EQ(ParseVsockConnect("connect 4294967295").value(), 4294967295U);
  EXPECT_EQ(ParseVsockOk("OK 1073741824\r").value(), 1U << 30);
  EXPECT_EQ(VsockHostPath("/run/ch-vm.sock", 1025), "/run/ch-vm.sock_1025");
}

TEST(HybridVsockTest, RefusesEverythingElseByQuotingIt) {
  for (const char* line : {"", "CONNECT", "CONNECT ", "CONNECT  1", "CONNECT -1", "CONNECT +1",
                           "CONNECT 1 ", "CONNECT 4294967296", "CONNECT 1x", "CONNEC 1",
                           " CONNECT 1", "OK 1", "CONNECT\t1", "CONNECT 1\r\r"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseVsockConnect(line).status())) << line;
  }
  EXPECT_THAT(std::string(ParseVsockOk("no\x01").status().message()),
              HasSubstr("\"no\\x01\" is not \"OK <port>\""));
}

TEST(VsockLineTest, TakesNotAByteBeyondTheLineHoweverItIsCut) {
  const std::string input = "OK 17\npayload\n";
  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    VsockLine line;
    std::size_t taken = line.Add(input.substr(0, cut)).value();
    if (taken == cut) taken += line.Add(input.substr(cut)).value();
    EXPECT_EQ(taken, 6U) << cut;
    EXPECT_TRUE(line.complete());
    EXPECT_EQ(line.text(), "OK 17");
  }
}

TEST(VsockLineTest, IsBounded) {
  VsockLine fits;
  EXPECT_EQ(fits.Add(std::string(31, 'x') + "\n").value(), 32U);
  VsockLine line;
  EXPECT_EQ(line.Add(std::string(31, 'x')).value(), 31U);
  EXPECT_FALSE(line.complete());
  EXPECT_TRUE(absl::IsInvalidArgument(line.Add("x").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(line.Add("x\n").status()));
}

class ReceiveVsockLineTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ours_.reset(fds[0]);
    theirs_.reset(fds[1]);
  }
  void Send(const std::string& bytes) {
    ASSERT_EQ(::write(theirs_.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }
  base::UniqueFd ours_;
  base::UniqueFd theirs_;
};

TEST_F(ReceiveVsockLineTest, LeavesThePayloadInTheSocket) {
  VsockLine line;
  EXPECT_TRUE(ReceiveVsockLine(ours_, line).ok());
  EXPECT_FALSE(line.complete());
  Send("CONNECT ");
  EXPECT_TRUE(ReceiveVsockLine(ours_, line).ok());
  EXPECT_FALSE(line.complete());
  Send("1024\nrest");
  EXPECT_TRUE(ReceiveVsockLine(ours_, line).ok());
  EXPECT_EQ(line.text(), "CONNECT 1024");
  char rest[8];
  EXPECT_EQ(::read(ours_.get(), rest, sizeof(rest)), 4);
}

TEST_F(ReceiveVsockLineTest, TellsAPeerThatIsGoneFromALineThatIsNone) {
  VsockLine line;
  Send("CONNECT 1");
  theirs_.reset();
  EXPECT_TRUE(absl::IsUnavailable(ReceiveVsockLine(ours_, line)));
}

}  // namespace
}  // namespace vm
