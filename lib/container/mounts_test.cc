// SPDX-License-Identifier: Apache-2.0
#include "container/mounts.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/testing/leak_guard.h"
#include "base/testing/temp_dir.h"
#include "base/unique_fd.h"
#include "container/limits.h"
#include "container/mount_table.h"

namespace container {
namespace {

using ::base::testing::ReadFile;
using ::base::testing::WriteFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Mounts : public base::testing::ProcessTest {
 protected:
  static void SetUpTestSuite() {
    // All of these tests mount in a namespace of this test binary's own.
    if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0) return;
    private_namespace_ = ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  }
  void SetUp() override {
    if (!private_namespace_) GTEST_SKIP() << "needs root to make a mount namespace";
  }
  void TearDown() override {
    if (!private_namespace_) return;
    EXPECT_TRUE(UnmountAll(temp_.path()).ok());
  }

  std::string MakeDir(const std::string& name) {
    const std::string path = temp_.File(name);
    EXPECT_TRUE(std::filesystem::create_directories(path));
    return path;
  }
  // Mount points on or below the temporary directory, without that prefix.
  [[nodiscard]] std::vector<std::string> MountPoints() const {
    std::vector<std::string> points;
    const auto table = ReadMountTable();
    EXPECT_TRUE(table.ok()) << table.status();
    for (const MountEntry& entry : table.value()) {
      if (entry.mount_point.rfind(temp_.path(), 0) == 0) {
        points.push_back(entry.mount_point.substr(temp_.path().size()));
      }
    }
    return points;
  }

  static bool private_namespace_;
};
bool Mounts::private_namespace_ = false;

Mount Tmpfs(const std::string& target, std::vector<std::string> options = {}) {
  return {.type = "tmpfs", .source = "tmpfs", .target = target, .options = std::move(options)};
}

TEST_F(Mounts, MountsInOrderSoThatALaterTargetLiesInAnEarlierMount) {
  const std::string root = MakeDir("root");
  const std::string lower = MakeDir("lower");
  std::filesystem::create_directory(lower + "/work");
  const std::vector<Mount> mounts = {
      {.type = "bind", .source = lower, .target = "", .options = {"rbind", "ro"}},
      Tmpfs("/work", {"size=1m", "nosuid"})};
  ASSERT_TRUE(MountAll(mounts, root).ok());
  EXPECT_THAT(MountPoints(), ElementsAre("/root", "/root/work"));
  struct statvfs info {};
  ASSERT_EQ(::statvfs(root.c_str(), &info), 0);
  EXPECT_NE(info.f_flag & ST_RDONLY, 0U) << "a read-only bind mount takes a remount";
  ASSERT_EQ(::statvfs((root + "/work").c_str(), &info), 0);
  EXPECT_EQ(info.f_flag & (ST_RDONLY | ST_NOSUID), static_cast<unsigned long>(ST_NOSUID));
  EXPECT_EQ(info.f_blocks * info.f_frsize, 1U << 20);
}

TEST_F(Mounts, ATargetCannotLeaveTheRoot) {
  const std::string root = MakeDir("root");
  MakeDir("outside/dir");
  std::filesystem::create_directories(root + "/outside/dir");
  ASSERT_EQ(::symlink(temp_.File("outside").c_str(), (root + "/escape").c_str()), 0);
  ASSERT_EQ(::symlink("../../outside", (root + "/dots").c_str()), 0);
  ASSERT_TRUE(MountAll({Tmpfs("../../../outside/dir")}, root).ok());
  ASSERT_TRUE(MountAll({Tmpfs("dots/dir")}, root).ok());
  EXPECT_THAT(MountPoints(), ElementsAre("/root/outside/dir", "/root/outside/dir"));
  EXPECT_EQ(MountAll({Tmpfs("escape/dir")}, root).code(), absl::StatusCode::kNotFound);
}

TEST_F(Mounts, AFailureNamesTheMountAndUndoesTheOnesBefore) {
  const std::string root = MakeDir("root");
  ASSERT_TRUE(MountAll({Tmpfs("")}, root).ok());
  std::filesystem::create_directory(root + "/inner");
  const absl::Status status = MountAll(
      {Tmpfs("inner"), {.type = "bind", .source = "/nowhere/at/all", .target = "inner"}}, root);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              ::testing::AllOf(HasSubstr("mount 1"), HasSubstr("/nowhere/at/all"),
                               HasSubstr("No such file or directory")));
  EXPECT_THAT(MountPoints(), ElementsAre("/root")) << "what was there before must stay";
}

TEST_F(Mounts, APropagationFailureUndoesItsOwnMount) {
  const std::string root = MakeDir("root");
  // Binding "unbindable" onto itself is fine, an unknown file system is not.
  EXPECT_FALSE(MountAll({{.type = "no-such-fs", .source = "x", .target = ""}}, root).ok());
  EXPECT_THAT(MountPoints(), IsEmpty());
  EXPECT_TRUE(MountAll({Tmpfs("", {"shared"})}, root).ok());
  EXPECT_THAT(ReadFile("/proc/self/mountinfo"), HasSubstr(root + " rw,relatime shared:"));
}

TEST_F(Mounts, OverlayWithMoreLowerDirectoriesThanMountTakes) {
  const std::string root = MakeDir("root");
  std::string lower;
  constexpr int kLayers = 60;
  const std::string long_name(90, 'x');
  for (int i = 0; i < kLayers; ++i) {
    const std::string layer = MakeDir(absl::StrCat("snapshots/", long_name, "/", i, "/fs"));
    WriteFile(absl::StrCat(layer, "/from-", i), "layer");
    absl::StrAppend(&lower, i == 0 ? "lowerdir=" : ":", layer);
  }
  ASSERT_GT(lower.size(), kMountDataBytesMax);
  const std::string before = std::filesystem::current_path();
  const Mount mount{.type = "overlay",
                    .source = "overlay",
                    .target = "",
                    .options = {absl::StrCat("upperdir=", MakeDir("upper")),
                                absl::StrCat("workdir=", MakeDir("work")), lower}};
  const absl::Status status = MountAll({mount}, root);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(ReadFile(root + "/from-0"), "layer");
  EXPECT_EQ(ReadFile(absl::StrCat(root, "/from-", kLayers - 1)), "layer");
  EXPECT_EQ(std::filesystem::current_path(), before);
}

TEST_F(Mounts, DataLongerThanAPageIsRefusedWithItsSize) {
  const std::string root = MakeDir("root");
  const absl::Status status = MountAll({Tmpfs("", {std::string(5000, 'x')})}, root);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("5000 bytes"));
}

TEST_F(Mounts, UnmountAllTakesStacksAndBusyOnesAndLeavesNeighbours) {
  const std::string root = MakeDir("a root");
  const std::string neighbour = MakeDir("a root2");
  ASSERT_TRUE(MountAll({Tmpfs("")}, neighbour).ok());
  ASSERT_TRUE(MountAll({Tmpfs("")}, root).ok());
  std::filesystem::create_directory(root + "/in side");
  ASSERT_TRUE(MountAll({Tmpfs("in side"), Tmpfs("in side"), Tmpfs("")}, root).ok());
  ASSERT_EQ(MountPoints().size(), 5U);
  WriteFile(root + "/open", "kept open");
  {
    const base::UniqueFd busy(::open((root + "/open").c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(busy.ok());
    EXPECT_TRUE(UnmountAll(root).ok());
  }
  EXPECT_THAT(MountPoints(), ElementsAre("/a root2"));
  EXPECT_TRUE(UnmountAll(root).ok()) << "nothing mounted is fine";
  EXPECT_TRUE(UnmountAll(temp_.File("no/such/directory")).ok());
}

TEST_F(Mounts, UnmountAllSeesThroughSymlinksInThePathButNotAtItsEnd) {
  MakeDir("real/root");
  ASSERT_TRUE(MountAll({Tmpfs("")}, temp_.File("real/root")).ok());
  ASSERT_EQ(::symlink("real", temp_.File("link").c_str()), 0);
  ASSERT_EQ(::symlink("real/root", temp_.File("end").c_str()), 0);
  EXPECT_TRUE(UnmountAll(temp_.File("end")).ok());
  EXPECT_THAT(MountPoints(), ElementsAre("/real/root"));
  EXPECT_TRUE(UnmountAll(temp_.File("link/root/")).ok());
  EXPECT_THAT(MountPoints(), IsEmpty());
}

}  // namespace
}  // namespace container
