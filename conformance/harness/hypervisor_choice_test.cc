// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/hypervisor_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace conformance {
namespace {

using ::testing::HasSubstr;

Profile Driving(const std::string& hypervisor) {
  Profile profile;
  profile.name = "vm.toml";
  profile.hypervisor = hypervisor;
  return profile;
}

TEST(HypervisorChoiceTest, AShimWithoutOneNeedsNone) {
  EXPECT_EQ(*FindHypervisor(Driving("")), "");
}

TEST(HypervisorChoiceTest, AProgramBesideTheJudgeInPathOrByItsPath) {
  const std::string self = std::filesystem::canonical("/proc/self/exe").string();
  EXPECT_EQ(*FindHypervisor(Driving(self.substr(self.rfind('/') + 1))), self);
  EXPECT_EQ(*FindHypervisor(Driving(self)), self);
  EXPECT_EQ(*FindHypervisor(Driving("sh")), std::filesystem::canonical("/bin/sh").string());
}

TEST(HypervisorChoiceTest, WhatIsNoProgramIsNamed) {
  for (const char* name : {"no-such-hypervisor", "/etc/passwd", "/etc"}) {
    const absl::Status status = FindHypervisor(Driving(name)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(name));
    EXPECT_THAT(std::string(status.message()), HasSubstr("vm.toml"));
  }
}

}  // namespace
}  // namespace conformance
