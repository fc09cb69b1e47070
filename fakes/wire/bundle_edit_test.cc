// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/bundle_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "fakes/fault/text_file.h"

namespace fakes {
namespace {

using ::testing::HasSubstr;

class BundleEditTest : public ::testing::Test {
 protected:
  std::string Edited(const std::string& edit, const std::string& config) {
    base::testing::WriteFile(temp_.File("config.json"), config);
    EditBundle(temp_.path(), edit);
    return ReadTextFile(temp_.File("config.json")).value_or("unreadable");
  }

  base::testing::TempDir temp_;
};

TEST_F(BundleEditTest, ConfigJsonIsAnotherOneAfterwards) {
  EXPECT_EQ(Edited("drop /hooks", R"({"hooks":{},"root":{}})"), R"({"root":{}})");
}

TEST_F(BundleEditTest, TheWrapperOfHooksIsThisVeryProgram) {
  const std::string edited =
      Edited("hooks poststop skip", R"({"hooks":{"poststop":[{"path":"/p"}]}})");
  EXPECT_THAT(edited, HasSubstr(R"("args":["hook-wrapper","--hook","skip","/p","/p"])"));
  EXPECT_THAT(edited, HasSubstr("fake_wire_test\""));
}

TEST_F(BundleEditTest, WhatCannotBeEditedStaysWhatItIs) {
  EXPECT_EQ(Edited("drop /hooks", "{broken"), "{broken");
  EXPECT_EQ(Edited("drop /hooks", R"({ "root" : {} })"), R"({ "root" : {} })");
  EditBundle(temp_.File("nowhere"), "drop /hooks");
}

}  // namespace
}  // namespace fakes
