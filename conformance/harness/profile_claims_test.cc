// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/profile_claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

SubjectInfo LegacyOnly() {
  SubjectInfo subject;
  subject.legacy = {.usable = true, .version = 1, .protocol = "ttrpc"};
  subject.params = {.problem = "start (params) exit code 1"};
  return subject;
}

Profile Claiming(std::vector<std::string> dialects, std::vector<std::int64_t> versions) {
  Profile profile;
  profile.name = "p";
  profile.dialects = std::move(dialects);
  profile.task_versions = std::move(versions);
  return profile;
}

TEST(ProfileClaimsTest, WhatHoldsOrIsNotClaimedIsSilent) {
  EXPECT_THAT(BrokenClaims(Claiming({}, {}), LegacyOnly()), IsEmpty());
  EXPECT_THAT(BrokenClaims(Claiming({}, {3}), LegacyOnly()), IsEmpty());
  EXPECT_THAT(BrokenClaims(Claiming({"legacy"}, {2}), LegacyOnly()), IsEmpty());
  EXPECT_THAT(BrokenClaims(Claiming({"legacy"}, {}), LegacyOnly()), IsEmpty());
}

TEST(ProfileClaimsTest, WhatDoesNotHoldIsSaid) {
  EXPECT_THAT(BrokenClaims(Claiming({"legacy", "params"}, {3}), LegacyOnly()),
              ElementsAre("the profile (p) claims task version 3, but legacy `start` announces 2",
                          "the profile (p) claims the params dialect, but: start (params) exit "
                          "code 1"));
}

}  // namespace
}  // namespace conformance
