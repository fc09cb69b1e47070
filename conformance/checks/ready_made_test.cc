// SPDX-License-Identifier: Apache-2.0
// The files that travel with the judge, against the checks there really are.
#include "conformance/harness/ready_made.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/checks/all_checks.h"
#include "conformance/harness/expectations.h"
#include "conformance/harness/profile.h"

namespace conformance {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ReadyMadeTest, EveryProfileParsesAndClaimsSomething) {
  const std::vector<std::string> names = ReadyMadeNamesOf(ReadyMade::kProfile);
  EXPECT_THAT(names, Contains("host-process"));
  EXPECT_THAT(names, Contains("runc-v2-1.6"));
  for (const std::string& name : names) {
    const absl::StatusOr<Profile> profile = ReadProfile(name);
    ASSERT_TRUE(profile.ok()) << name << ": " << profile.status();
    EXPECT_EQ(profile->name, name);
    EXPECT_NE(profile->claims, 0u) << name;
  }
}

TEST(ReadyMadeTest, EveryExpectationNamesAnExistingCheckOnce) {
  const std::vector<std::string> names = ReadyMadeNamesOf(ReadyMade::kExpectations);
  EXPECT_THAT(names, Contains("runc-v2-1.6"));
  for (const std::string& name : names) {
    Expectations expectations;
    ASSERT_EQ(expectations.AddFile(name), absl::OkStatus()) << name;
    ASSERT_EQ(expectations.Bind(AllChecks()), absl::OkStatus()) << name;
    EXPECT_THAT(expectations.Stale(Today()), IsEmpty()) << name;
    EXPECT_THAT(expectations.entries(), testing::Not(IsEmpty())) << name;
  }
}

TEST(ReadyMadeTest, AnUnknownNameTellsTheOthers) {
  const absl::StatusOr<Profile> profile = ReadProfile("runc-v9");
  EXPECT_EQ(profile.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(profile.status().message()),
              HasSubstr("no ready-made profile of that name; there are: "));
}

}  // namespace
}  // namespace conformance
