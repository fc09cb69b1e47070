// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/user_namespace.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace conformance {
namespace {

TEST(UserNamespaceTest, ReadsTheFirstRangeOfTheUser) {
  constexpr char kText[] =
      "# a comment\n"
      "root:1:2\n"
      "ana:not-a-number:5\n"
      "ana:100000:0\n"
      "ana:100000:65536\n"
      "ana:300000:1\n"
      "1001:200000:1000\n";
  EXPECT_EQ(ParseSubordinateIds(kText, "ana", 1000), (IdRange{.first = 100000, .count = 65536}));
  EXPECT_EQ(ParseSubordinateIds(kText, "ben", 1001), (IdRange{.first = 200000, .count = 1000}));
  EXPECT_EQ(ParseSubordinateIds(kText, "", 1001), (IdRange{.first = 200000, .count = 1000}));
  EXPECT_EQ(ParseSubordinateIds(kText, "cleo", 1002), std::nullopt);
  EXPECT_EQ(ParseSubordinateIds("", "ana", 1000), std::nullopt);
}

TEST(UserNamespaceTest, RootIsOnlyForRoot) {
  const bool root = ::geteuid() == 0;
  EXPECT_EQ(*ChoosePrivilege("auto"), root ? Privilege::kRoot : Privilege::kUserNamespace);
  EXPECT_EQ(*ChoosePrivilege("userns"), Privilege::kUserNamespace);
  EXPECT_EQ(ChoosePrivilege("root").status().code(),
            root ? absl::StatusCode::kOk : absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ChoosePrivilege("none").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace conformance
