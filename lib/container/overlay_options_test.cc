// SPDX-License-Identifier: Apache-2.0
#include "container/overlay_options.h"

#include <gtest/gtest.h>

namespace container {
namespace {

TEST(OverlayOptions, NamesLowerDirectoriesRelativeToWhatTheyShare) {
  EXPECT_EQ(ShortenLowerDirs({"index=off", "lowerdir=/s/31/fs:/s/3/fs:/s/3/fs2", "upperdir=/u"}),
            (OverlayData{.directory = "/s",
                         .data = "index=off,lowerdir=31/fs:3/fs:3/fs2,"
                                 "upperdir=/u"}));
}

TEST(OverlayOptions, ASingleLowerDirectoryKeepsItsLastName) {
  EXPECT_EQ(ShortenLowerDirs({"lowerdir=/a/b"}),
            (OverlayData{.directory = "/a", .data = "lowerdir=b"}));
}

TEST(OverlayOptions, OneBelowAnotherIsNotCutToNothing) {
  EXPECT_EQ(ShortenLowerDirs({"lowerdir=/a/b:/a/b/c"}),
            (OverlayData{.directory = "/a", .data = "lowerdir=b:b/c"}));
}

TEST(OverlayOptions, LeavesAloneWhatSharesNothingOrIsRelative) {
  for (const std::string lower : {"lowerdir=/a/b:/c/d", "lowerdir=a:b", "lowerdir=/a/b:c"}) {
    EXPECT_EQ(ShortenLowerDirs({lower}), (OverlayData{.directory = "", .data = lower}));
  }
  EXPECT_EQ(ShortenLowerDirs({"upperdir=/u"}),
            (OverlayData{.directory = "", .data = "upperdir=/u"}));
}

TEST(OverlayOptions, KeepsEscapedColonsInNames) {
  EXPECT_EQ(ShortenLowerDirs({R"(lowerdir=/s/a\:b:/s/c\\d)"}),
            (OverlayData{.directory = "/s", .data = R"(lowerdir=a\:b:c\\d)"}));
  EXPECT_EQ(ShortenLowerDirs({R"(lowerdir=/s\:x/a:/s\:x/b)"}).directory, "");
}

}  // namespace
}  // namespace container
