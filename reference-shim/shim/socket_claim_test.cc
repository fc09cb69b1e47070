// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/socket_claim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/testing/leak_guard.h"
#include "ttrpc/client.h"
#include "ttrpc/testing/loop_test.h"

namespace shim {
namespace {

using base::testing::WriteFile;

class SocketClaimTest : public base::testing::ProcessTest {
 protected:
  base::UniqueFd Claim() {
    absl::StatusOr<SocketClaim> claim = ClaimSocket(path_);
    EXPECT_TRUE(claim.ok()) << claim.status();
    return claim.ok() ? std::move(claim->listener) : base::UniqueFd();
  }
  bool Connectable() { return ttrpc::ConnectUnix(path_).ok(); }
  std::size_t Files() {
    const auto begin = std::filesystem::directory_iterator(temp_.path());
    return static_cast<std::size_t>(std::distance(begin, {}));
  }

  std::string path_ = temp_.File("socket");
};

TEST_F(SocketClaimTest, ListensAtOnceForItsOwnerOnly) {
  ::umask(0);
  const base::UniqueFd listener = Claim();
  ::umask(022);
  ASSERT_TRUE(listener.ok());
  EXPECT_TRUE(Connectable());
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  EXPECT_EQ(Files(), 1U) << "something besides the socket was left";
}

TEST_F(SocketClaimTest, MakesTheDirectory) {
  path_ = temp_.File("run/s/socket");
  EXPECT_TRUE(Claim().ok());
  struct stat info {};
  ASSERT_EQ(::stat(temp_.File("run/s").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0700U);
}

TEST_F(SocketClaimTest, LiveListenerKeepsTheSocket) {
  const base::UniqueFd first = Claim();
  EXPECT_TRUE(first.ok());
  EXPECT_FALSE(Claim().ok());
  EXPECT_TRUE(Connectable());
}

TEST_F(SocketClaimTest, FullBacklogIsAlive) {
  const base::UniqueFd foreign = ttrpc::testing::Listen(path_, 0);
  std::vector<base::UniqueFd> connections;
  for (;;) {
    absl::StatusOr<base::UniqueFd> connection = ttrpc::ConnectUnix(path_);
    if (!connection.ok()) break;
    connections.push_back(*std::move(connection));
  }
  EXPECT_FALSE(Claim().ok());
}

TEST_F(SocketClaimTest, ReplacesWhatNobodyListensOn) {
  Claim();  // closed at once: a stale socket
  ASSERT_FALSE(Connectable());
  {
    const base::UniqueFd after_stale = Claim();
    EXPECT_TRUE(after_stale.ok());
    EXPECT_TRUE(Connectable());
  }
  ::unlink(path_.c_str());
  WriteFile(path_, "a regular file");
  {
    const base::UniqueFd after_file = Claim();
    EXPECT_TRUE(after_file.ok());
  }
  ::unlink(path_.c_str());
  ASSERT_EQ(::symlink("/nonexistent/target", path_.c_str()), 0);
  const base::UniqueFd after_link = Claim();
  EXPECT_TRUE(after_link.ok());
  EXPECT_TRUE(Connectable());
}

TEST_F(SocketClaimTest, ClearErrorWhereItCannot) {
  ASSERT_EQ(::mkdir(path_.c_str(), 0700), 0);
  const absl::Status status = ClaimSocket(path_).status();
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr(path_));
  const absl::Status long_path = ClaimSocket(temp_.File(std::string(200, 'x'))).status();
  EXPECT_TRUE(absl::IsInvalidArgument(long_path)) << long_path;
}

TEST_F(SocketClaimTest, RemovesItsOwnSocketOnly) {
  const base::UniqueFd first = Claim();
  const absl::StatusOr<SocketFile> file = FindSocketFile(first.get());
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->path, path_);
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  EXPECT_TRUE(RemoveSocketFile(*file).ok()) << "already gone";

  const base::UniqueFd successor = Claim();
  ASSERT_TRUE(successor.ok());
  EXPECT_TRUE(RemoveSocketFile(*file).ok());
  EXPECT_TRUE(Connectable()) << "the successor's socket was removed";
  const absl::StatusOr<SocketFile> own = FindSocketFile(successor.get());
  ASSERT_TRUE(own.ok());
  EXPECT_TRUE(RemoveSocketFile(*own).ok());
  EXPECT_EQ(Files(), 0U);
}

TEST_F(SocketClaimTest, RemovesDeadSocketsOnly) {
  {
    const base::UniqueFd alive = Claim();
    EXPECT_TRUE(RemoveDeadSocket(path_).ok());
    EXPECT_TRUE(Connectable());
  }
  EXPECT_TRUE(RemoveDeadSocket(path_).ok());
  EXPECT_EQ(Files(), 0U);
  EXPECT_TRUE(RemoveDeadSocket(path_).ok());
  EXPECT_TRUE(RemoveDeadSocket(temp_.File("no/such/socket")).ok());
}

TEST_F(SocketClaimTest, KnowsNoSocketFileOfOtherDescriptors) {
  EXPECT_FALSE(FindSocketFile(STDERR_FILENO).ok());
  const auto [one, two] = ttrpc::testing::SocketPair();
  EXPECT_FALSE(FindSocketFile(one.get()).ok());
  EXPECT_FALSE(FindSocketFile(-1).ok());
}

}  // namespace
}  // namespace shim
