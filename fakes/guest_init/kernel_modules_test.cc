// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_init/kernel_modules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"

namespace fakes {
namespace {

TEST(KernelModules, AKernelMayNeedNone) {
  const base::testing::TempDir temp;
  EXPECT_TRUE(LoadModules(temp.File("modules")).ok());
  EXPECT_TRUE(LoadModules(temp.path()).ok());
}

TEST(KernelModules, TheFirstThatCannotBeLoadedIsNamed) {
  const base::testing::TempDir temp;
  base::testing::WriteFile(temp.File("02-second.ko"), "neither");
  base::testing::WriteFile(temp.File("01-first.ko"), "no module");
  const absl::Status status = LoadModules(temp.path());
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()),
              ::testing::HasSubstr("load " + temp.File("01-first.ko")));
}

}  // namespace
}  // namespace fakes
