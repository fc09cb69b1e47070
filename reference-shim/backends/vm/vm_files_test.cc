// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/vm_files.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/testing/leak_guard.h"

namespace backends {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kStateRoot[] = "/run/shimgauge-vm";

// In a /run and among mounts that no other process adds to.
class VmFilesTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("tmpfs", "/run", "tmpfs", 0, "mode=755"), 0);
    mounted_ = true;
    std::filesystem::create_directory(source_);
    base::testing::WriteFile(source_ + "/note", "to the guest");
  }
  void TearDown() override {
    if (!mounted_) return;
    Ok(RemoveVmFiles(files_));
    EXPECT_FALSE(std::filesystem::exists(files_.directory));
    EXPECT_EQ(::umount2("/run", MNT_DETACH), 0);
    EXPECT_EQ(base::testing::ReadFile(source_ + "/note"), "to the guest");
  }

  static void Ok(const absl::Status& status) { ASSERT_TRUE(status.ok()) << status; }
  static unsigned ModeOf(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777U;
  }
  // The lines of mountinfo that name `path`.
  static std::string MountsAt(const std::string& path) {
    std::string lines;
    const std::string table = base::testing::ReadFile("/proc/self/mountinfo");
    for (const absl::string_view line : absl::StrSplit(table, '\n')) {
      if (absl::StrContains(line, path)) absl::StrAppend(&lines, line, "\n");
    }
    return lines;
  }

  const VmFiles files_{"test", "pod"};
  const std::string source_ = temp_.File("source");
  bool mounted_ = false;
};

TEST_F(VmFilesTest, NobodyElseComesNearWhatIsShared) {
  Ok(MakeVmFiles(files_));
  EXPECT_EQ(ModeOf(kStateRoot), 0700U);
  EXPECT_EQ(ModeOf(files_.directory), 0700U);
}

TEST_F(VmFilesTest, WhatAnEarlierVersionHasLeftOpenIsClosed) {
  std::filesystem::create_directories(absl::StrCat(kStateRoot, "/other"));
  ASSERT_EQ(::chmod(kStateRoot, 0711), 0);
  Ok(MakeVmFiles(files_));
  EXPECT_EQ(ModeOf(kStateRoot), 0700U);
}

TEST_F(VmFilesTest, ADirectoryOfSomebodyElseIsRefused) {
  std::filesystem::create_directories(absl::StrCat(kStateRoot, "/other"));
  ASSERT_EQ(::chown(kStateRoot, 65534, 65534), 0);
  const absl::Status refused = MakeVmFiles(files_);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()),
              AllOf(HasSubstr(kStateRoot), HasSubstr("belongs to user 65534")));
}

TEST_F(VmFilesTest, WhatIsSharedIsThereUntilItIsUnshared) {
  Ok(MakeVmFiles(files_));
  Ok(ShareWithGuest(files_, "c1",
                    {{.source = source_, .target = "c1/rootfs"},
                     {.source = source_ + "/note", .target = "c1/mounts/1"}}));
  Ok(ShareWithGuest(files_, "c10", {{.source = source_, .target = "c10/rootfs"}}));
  EXPECT_EQ(base::testing::ReadFile(files_.shared + "/c1/rootfs/note"), "to the guest");
  EXPECT_EQ(base::testing::ReadFile(files_.shared + "/c1/mounts/1"), "to the guest");
  Ok(UnshareWithGuest(files_, "c1"));
  EXPECT_FALSE(std::filesystem::exists(files_.shared + "/c1"));
  EXPECT_EQ(base::testing::ReadFile(files_.shared + "/c10/rootfs/note"), "to the guest");
  Ok(UnshareWithGuest(files_, "c1"));
}

TEST_F(VmFilesTest, MountsOfAGuestStayOutOfTheOriginal) {
  ASSERT_EQ(::mount(source_.c_str(), source_.c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_EQ(::mount(nullptr, source_.c_str(), nullptr, MS_SHARED, nullptr), 0);
  Ok(MakeVmFiles(files_));
  Ok(ShareWithGuest(files_, "c1", {{.source = source_, .target = "c1/rootfs"}}));
  EXPECT_THAT(MountsAt(files_.shared + "/c1/rootfs"),
              AllOf(HasSubstr(" shared:"), HasSubstr(" master:")));
  Ok(UnshareWithGuest(files_, "c1"));
  EXPECT_EQ(::umount2(source_.c_str(), MNT_DETACH), 0);
}

TEST_F(VmFilesTest, WhatAGuestPutsInTheWayIsNotFollowed) {
  Ok(MakeVmFiles(files_));
  const std::string outside = temp_.File("outside");
  std::filesystem::create_directories(outside + "/1");
  for (const char* link : {"/c1", "/c1/mounts", "/c1/mounts/1"}) {
    const std::filesystem::path place = absl::StrCat(files_.shared, link);
    std::filesystem::create_directories(place.parent_path());
    std::filesystem::create_directory_symlink(outside, place);
    EXPECT_FALSE(ShareWithGuest(files_, "c1", {{.source = source_, .target = "c1/mounts/1"}}).ok())
        << link;
    EXPECT_THAT(MountsAt(outside), Not(HasSubstr(outside))) << link;
    EXPECT_FALSE(std::filesystem::is_symlink(place)) << link;
    EXPECT_TRUE(std::filesystem::exists(outside + "/1")) << link;
    EXPECT_FALSE(std::filesystem::exists(outside + "/mounts")) << link;
  }
}

// Neither is it opened: a FIFO would hold us up.
TEST_F(VmFilesTest, OnlyAFileTakesTheMountOfAFile) {
  Ok(MakeVmFiles(files_));
  std::filesystem::create_directory(files_.shared + "/c1");
  ASSERT_EQ(::mkfifo((files_.shared + "/c1/1").c_str(), 0600), 0);
  const absl::Status refused =
      ShareWithGuest(files_, "c1", {{.source = source_ + "/note", .target = "c1/1"}});
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
}

}  // namespace
}  // namespace backends
