// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/hypervisor_need.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

Check Tagged(std::vector<std::string> tags) { return {.id = "vm/x", .tags = std::move(tags)}; }

Profile With(const std::string& hypervisor) {
  Profile profile;
  profile.hypervisor = hypervisor;
  return profile;
}

TEST(HypervisorNeedTest, OnlyTaggedChecksNeedOne) {
  EXPECT_THAT(WhyNoHypervisor(Tagged({"matrix"}), With("")), IsEmpty());
  EXPECT_THAT(WhyNoHypervisor(Tagged({"matrix", kHypervisorTag}), With("")),
              HasSubstr("names no hypervisor"));
  EXPECT_THAT(WhyNoHypervisor(Tagged({kHypervisorFaultsTag}), With("")),
              HasSubstr("names no hypervisor"));
}

TEST(HypervisorNeedTest, OnlyTheStandInFails) {
  const Profile real = With("/usr/bin/cloud-hypervisor");
  EXPECT_THAT(WhyNoHypervisor(Tagged({kHypervisorTag}), real), IsEmpty());
  EXPECT_THAT(WhyNoHypervisor(Tagged({kHypervisorFaultsTag}), real),
              HasSubstr("/usr/bin/cloud-hypervisor, not shimgauge-hypervisor"));
  for (const char* path : {"shimgauge-hypervisor", "/opt/bin/shimgauge-hypervisor"}) {
    EXPECT_TRUE(HasFakeHypervisor(With(path)));
    EXPECT_THAT(WhyNoHypervisor(Tagged({kHypervisorFaultsTag}), With(path)), IsEmpty());
  }
  EXPECT_FALSE(HasFakeHypervisor(With("/shimgauge-hypervisor/qemu")));
}

}  // namespace
}  // namespace conformance
