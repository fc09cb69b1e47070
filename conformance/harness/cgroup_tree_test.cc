// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/cgroup_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/testing/temp_dir.h"
#include "conformance/harness/mount_table.h"

namespace conformance {
namespace {

using base::testing::ReadFile;
using base::testing::TempDir;
using base::testing::WriteFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Two plain directories stand for two hierarchies.
class CgroupTreeTest : public ::testing::Test {
 protected:
  CgroupTreeTest() {
    std::filesystem::create_directories(temp_.File("v1/run/1/c1/inner"));
    std::filesystem::create_directories(temp_.File("v2/run/1/c1"));
    std::filesystem::create_directories(temp_.File("v2/run/2"));
  }
  CgroupTree Tree(const std::string& parent) {
    return CgroupTree({temp_.File("v1"), temp_.File("v2")}, parent);
  }
  TempDir temp_;
};

TEST_F(CgroupTreeTest, ListsWhatIsBelowDeepestFirst) {
  EXPECT_THAT(Tree("/run/1").Below(),
              ElementsAre(temp_.File("v1/run/1/c1/inner"), temp_.File("v1/run/1/c1"),
                          temp_.File("v2/run/1/c1")));
  EXPECT_THAT(Tree("/run/2").Below(), IsEmpty());
  EXPECT_THAT(Tree("/none").Below(), IsEmpty());
}

TEST_F(CgroupTreeTest, RemovesTheParentAndAllBelowAndNothingElse) {
  EXPECT_THAT(Tree("/run/1").Remove(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(temp_.File("v1/run/1")));
  EXPECT_FALSE(std::filesystem::exists(temp_.File("v2/run/1")));
  EXPECT_TRUE(std::filesystem::exists(temp_.File("v2/run/2")));
  EXPECT_THAT(Tree("/run/1").Remove(), IsEmpty());
}

TEST_F(CgroupTreeTest, TellsWhatCannotBeRemoved) {
  WriteFile(temp_.File("v2/run/1/c1/busy"), "");
  const std::vector<std::string> left = Tree("/run/1").Remove();
  ASSERT_EQ(left.size(), 2u);
  EXPECT_THAT(left[0], HasSubstr("v2/run/1/c1: Directory not empty"));
}

TEST_F(CgroupTreeTest, ThawsBothKinds) {
  WriteFile(temp_.File("v1/run/1/c1/freezer.state"), "FROZEN");
  WriteFile(temp_.File("v2/run/1/c1/cgroup.freeze"), "1");
  Tree("/run/1").Thaw();
  EXPECT_EQ(ReadFile(temp_.File("v1/run/1/c1/freezer.state")), "THAWED");
  EXPECT_EQ(ReadFile(temp_.File("v2/run/1/c1/cgroup.freeze")), "0");
  EXPECT_FALSE(std::filesystem::exists(temp_.File("v1/run/1/c1/cgroup.freeze")));
}

TEST(MountTableTest, ParsesMountinfo) {
  const std::vector<MountEntry> entries = ParseMountTable(
      "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
      "31 23 0:28 / /mnt/with\\040blank rw shared:9 master:1 - tmpfs none rw,mode=755\n"
      "rubbish\n"
      "32 1 0:1 / /x rw\n");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].id, 22);
  EXPECT_EQ(entries[0].mount_point, "/proc");
  EXPECT_EQ(entries[0].fs_type, "proc");
  EXPECT_EQ(entries[1].mount_point, "/mnt/with blank");
  EXPECT_EQ(entries[1].super_options, "rw,mode=755");
}

TEST(MountTableTest, OursHoldsTheRoot) {
  const absl::StatusOr<std::vector<MountEntry>> entries = ReadMountTable();
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_THAT(*entries, ::testing::Contains(::testing::Field(&MountEntry::mount_point, "/")));
}

}  // namespace
}  // namespace conformance
