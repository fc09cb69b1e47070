// SPDX-License-Identifier: Apache-2.0
#include "container/mount_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace container {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

TEST(MountTable, ReadsFieldsBehindAnyNumberOfOptionalOnes) {
  EXPECT_THAT(
      ParseMountInfo("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext4 /dev/root rw,e=c\n"
                     "37 35 0:5 / /proc rw - proc proc rw\n"),
      ElementsAre(MountEntry{.root = "/mnt1",
                             .mount_point = "/mnt2",
                             .type = "ext4",
                             .source = "/dev/root",
                             .super_options = "rw,e=c"},
                  MountEntry{.root = "/",
                             .mount_point = "/proc",
                             .type = "proc",
                             .source = "proc",
                             .super_options = "rw"}));
}

TEST(MountTable, UndoesOctalEscapesAndOnlyThose) {
  EXPECT_THAT(ParseMountInfo(R"(1 1 0:1 / /a\040b\011c\012d\134e\9\04 rw - tmpfs with\040blank rw)"
                             "\n"),
              ElementsAre(AllOf(Field(&MountEntry::mount_point, "/a b\tc\nd\\e\\9\\04"),
                                Field(&MountEntry::source, "with blank"))));
}

TEST(MountTable, LeavesOutLinesThatAreNone) {
  EXPECT_THAT(ParseMountInfo("\n1 2 3\n1 1 0:1 / /a rw shared:1\n1 1 0:1 / /a rw - tmpfs x\n"),
              IsEmpty());
}

TEST(MountTable, OfThisProcessHoldsProc) {
  const auto table = ReadMountTable();
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(*table, Contains(AllOf(Field(&MountEntry::mount_point, "/proc"),
                                     Field(&MountEntry::type, "proc"))));
}

}  // namespace
}  // namespace container
