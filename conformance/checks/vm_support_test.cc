// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/vm_support.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace conformance {
namespace {

using Paths = std::vector<std::string>;

TEST(VmSupportTest, WhatIsLeftIsWhateverIsNew) {
  EXPECT_EQ(LeftOver({"/run/old"}, {"/run/old"}, {"c1"}), Paths());
  EXPECT_EQ(LeftOver({"/run/old"}, {"/run/new", "mount of tmpfs on /run/x"}, {"c1"}),
            Paths({"/run/new", "mount of tmpfs on /run/x"}));
}

TEST(VmSupportTest, WhereAllMachinesAreKeptMayStay) {
  EXPECT_EQ(LeftOver({}, {"/run/vc/", "/run/vc/vm/", "/run/vc/vm/lock"}, {"c1"}),
            Paths({"/run/vc/vm/lock"}));
}

TEST(VmSupportTest, ADirectoryOfOneMachineMayNot) {
  EXPECT_EQ(LeftOver({}, {"/run/vc/", "/run/vc/c1/", "/run/vc/c2/shared/"}, {"c1", "c2"}),
            Paths({"/run/vc/c1/", "/run/vc/c2/shared/"}));
}

}  // namespace
}  // namespace conformance
