// SPDX-License-Identifier: Apache-2.0
#include "container/root_path.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "base/testing/temp_dir.h"

namespace container {
namespace {

class RootPath : public ::testing::Test {
 protected:
  RootPath() : root_(::open(temp_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}
  [[nodiscard]] unsigned ModeOf(const std::string& path) const {
    struct stat info {};
    EXPECT_EQ(::stat(temp_.File(path).c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }

  base::testing::TempDir temp_;
  base::UniqueFd root_;
};

TEST_F(RootPath, WhatIsMadeHasItsModeWhateverTheUmask) {
  ASSERT_EQ(::mkdir(temp_.File("old").c_str(), 0700), 0);
  for (const mode_t mask : {mode_t{0077}, mode_t{0}}) {
    const std::string top = mask == 0 ? "old/open" : "old/closed";
    const mode_t before = ::umask(mask);
    const auto file = MakeBelow(root_, top + "/a/file", RootEntry::kFile);
    const auto directory = MakeBelow(root_, top + "/b", RootEntry::kDirectory);
    ::umask(before);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE(directory.ok()) << directory.status();
    EXPECT_EQ(ModeOf(top), 0755U);
    EXPECT_EQ(ModeOf(top + "/a"), 0755U);
    EXPECT_EQ(ModeOf(top + "/a/file"), 0644U);
    EXPECT_EQ(ModeOf(top + "/b"), 0755U);
  }
  EXPECT_EQ(ModeOf("old"), 0700U) << "it was there";
}

TEST_F(RootPath, ALinkToNowhereIsNotReplaced) {
  ASSERT_EQ(::symlink("/nowhere", temp_.File("link").c_str()), 0);
  EXPECT_EQ(MakeBelow(root_, "link", RootEntry::kFile).status().code(),
            absl::StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace container
