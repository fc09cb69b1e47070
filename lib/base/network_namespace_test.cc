// SPDX-License-Identifier: Apache-2.0
#include "base/network_namespace.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/testing/leak_guard.h"

namespace base {
namespace {

class NetworkNamespaceTest : public testing::ProcessTest {
 protected:
  void SetUp() override {
    absl::StatusOr<UniqueFd> made = MakeNetworkNamespace();
    if (absl::IsPermissionDenied(made.status())) GTEST_SKIP() << made.status();
    ASSERT_TRUE(made.ok()) << made.status();
    space_ = *std::move(made);
  }

  static ino_t Ours() {
    struct stat info {};
    EXPECT_EQ(::stat("/proc/thread-self/ns/net", &info), 0);
    return info.st_ino;
  }
  ino_t Made() const {
    struct stat info {};
    EXPECT_EQ(::fstat(space_.get(), &info), 0);
    return info.st_ino;
  }

  UniqueFd space_;
};

TEST_F(NetworkNamespaceTest, IsNotOursButWhileSomethingIsDoneThere) {
  const ino_t before = Ours();
  EXPECT_NE(Made(), before);
  ino_t inside = 0;
  const absl::Status status = InNetworkNamespace(space_, [&inside] {
    inside = Ours();
    return absl::DataLossError("told");
  });
  EXPECT_EQ(status, absl::DataLossError("told"));
  EXPECT_EQ(inside, Made());
  EXPECT_EQ(Ours(), before);
}

TEST_F(NetworkNamespaceTest, WhatIsNoneIsAnErrorAndNothingIsDone) {
  UniqueFd none;
  bool done = false;
  EXPECT_FALSE(InNetworkNamespace(none, [&done] {
                 done = true;
                 return absl::OkStatus();
               }).ok());
  EXPECT_FALSE(done);
}

}  // namespace
}  // namespace base
