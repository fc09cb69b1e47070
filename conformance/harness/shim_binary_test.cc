// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/shim_binary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/testing/temp_dir.h"
#include "conformance/harness/world.h"

namespace conformance {
namespace {

using base::testing::TempDir;
using base::testing::WriteFile;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string ErrorOf(const std::string& argument) {
  const absl::StatusOr<ShimBinary> shim = FindShim(argument);
  if (shim.ok()) return "no error";
  EXPECT_EQ(shim.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(shim.status().message());
}

class ShimBinaryTest : public ::testing::Test {
 protected:
  ShimBinaryTest() {
    WriteFile(temp_.File("shim"), "abc", 0755);
    WriteFile(temp_.File("text"), "abc", 0644);
    std::filesystem::create_symlink("shim", temp_.File("alias"));
    std::filesystem::create_directory(temp_.File("folder"));
    const char* path = std::getenv("PATH");
    path_ = path != nullptr ? path : "";
  }
  ~ShimBinaryTest() override { ::setenv("PATH", path_.c_str(), 1); }
  TempDir temp_;
  std::string path_;
};

TEST_F(ShimBinaryTest, APathIsMadeAbsoluteAndHashed) {
  const absl::StatusOr<ShimBinary> shim = FindShim(temp_.path() + "/./folder/../shim");
  ASSERT_TRUE(shim.ok()) << shim.status();
  EXPECT_EQ(shim->path, std::filesystem::canonical(temp_.File("shim")).string());
  EXPECT_EQ(shim->sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(ShimBinaryTest, ALinkKeepsItsName) {
  const absl::StatusOr<ShimBinary> shim = FindShim(temp_.File("alias"));
  ASSERT_TRUE(shim.ok()) << shim.status();
  EXPECT_EQ(std::filesystem::path(shim->path).filename(), "alias");
}

TEST_F(ShimBinaryTest, ANameIsSearchedInPath) {
  ::setenv("PATH", ("/nowhere:" + temp_.path()).c_str(), 1);
  const absl::StatusOr<ShimBinary> shim = FindShim("shim");
  ASSERT_TRUE(shim.ok()) << shim.status();
  EXPECT_EQ(std::filesystem::path(shim->path).filename(), "shim");
  EXPECT_THAT(ErrorOf("text"), HasSubstr("no program text in PATH (/nowhere:"));
}

TEST_F(ShimBinaryTest, MistakesAreOneSentence) {
  EXPECT_EQ(ErrorOf("/no/such"), "--shim: /no/such: No such file or directory");
  EXPECT_THAT(ErrorOf(temp_.File("folder")), HasSubstr("is a directory, not a program"));
  EXPECT_THAT(ErrorOf(temp_.File("text")), HasSubstr("is not executable"));
  EXPECT_THAT(ErrorOf("/dev/null"), HasSubstr("is no regular file"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("is empty"));
}

TEST(KeepVisibleTest, NamesTheDirectoryOrTheFileInAHiddenRoot) {
  EXPECT_THAT(KeepVisible("/usr/bin/shim"), IsEmpty());
  EXPECT_THAT(KeepVisible("/runner/shim"), IsEmpty());
  EXPECT_THAT(KeepVisible("/tmp/x/bin/shim"), ElementsAre("/tmp/x/bin"));
  EXPECT_THAT(KeepVisible("/tmp/shim"), ElementsAre("/tmp/shim"));
  EXPECT_THAT(KeepVisible("/run/shim"), ElementsAre("/run/shim"));
  EXPECT_THAT(KeepVisible("/dev/shm/shim"), ElementsAre("/dev/shm/shim"));
  EXPECT_TRUE(HiddenInWorlds("/dev/shm/a/b"));
  EXPECT_FALSE(HiddenInWorlds("/tmpfile"));
}

TEST_F(ShimBinaryTest, TheSearchPathStaysVisible) {
  const std::string directory = std::filesystem::canonical(temp_.path()).string();
  ::setenv("PATH", (directory + ":/usr/bin:/tmp").c_str(), 1);
  const std::vector<std::string> keep = KeepSearchPath("");
  if (HiddenInWorlds(directory)) {
    EXPECT_THAT(keep, Contains(directory));
  }
  EXPECT_THAT(keep, ::testing::Not(Contains("/usr/bin")));
  EXPECT_THAT(keep, ::testing::Not(Contains("/tmp")));
}

}  // namespace
}  // namespace conformance
