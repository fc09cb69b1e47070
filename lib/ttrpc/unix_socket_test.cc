// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "ttrpc/client.h"
#include "ttrpc/testing/loop_test.h"

namespace ttrpc {
namespace {

using ConnectUnixTest = testing::LoopTest;

absl::StatusCode CodeOf(const absl::StatusOr<base::UniqueFd>& socket) {
  return socket.status().code();
}

TEST_F(ConnectUnixTest, ConnectsToAPath) {
  const base::UniqueFd listener = testing::Listen(temp_.File("s"));
  const auto socket = ConnectUnix(temp_.File("s"));
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_NE(::fcntl(socket->get(), F_GETFD) & FD_CLOEXEC, 0);
  const base::UniqueFd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_TRUE(accepted.ok());
}

TEST_F(ConnectUnixTest, ConnectsToAnAbstractName) {
  const std::string name = absl::StrCat("@shimgauge-connect-test-", ::getpid());
  EXPECT_FALSE(ConnectUnix(name).ok());
  const base::UniqueFd listener = testing::Listen(name);
  EXPECT_TRUE(ConnectUnix(name).ok());
}

TEST_F(ConnectUnixTest, LengthIsLimitedByTheKernel) {
  const std::string longest = temp_.File(std::string(107 - temp_.path().size() - 1, 'x'));
  const base::UniqueFd listener = testing::Listen(longest);
  EXPECT_TRUE(ConnectUnix(longest).ok());
  EXPECT_EQ(CodeOf(ConnectUnix(longest + "x")), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(ConnectUnix("")), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(ConnectUnix("@" + std::string(108, 'x'))), absl::StatusCode::kInvalidArgument);
}

TEST_F(ConnectUnixTest, SaysWhyNot) {
  EXPECT_EQ(CodeOf(ConnectUnix(temp_.File("missing"))), absl::StatusCode::kNotFound);
  { const base::UniqueFd listener = testing::Listen(temp_.File("stale")); }
  EXPECT_EQ(CodeOf(ConnectUnix(temp_.File("stale"))), absl::StatusCode::kUnavailable);
}

TEST_F(ConnectUnixTest, DoesNotWaitForAFullBacklog) {
  const base::UniqueFd listener = testing::Listen(temp_.File("s"), 0);
  std::vector<base::UniqueFd> sockets;
  absl::StatusOr<base::UniqueFd> socket = ConnectUnix(temp_.File("s"));
  while (socket.ok() && sockets.size() < 100) {
    sockets.push_back(*std::move(socket));
    socket = ConnectUnix(temp_.File("s"));
  }
  EXPECT_EQ(CodeOf(socket), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace ttrpc
